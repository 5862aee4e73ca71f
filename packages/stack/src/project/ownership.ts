import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { assertOwnFile, assertPrivateFolder, UnsafePlaceError } from '@peakstone/kernel/private';
import { configNames } from './configNames.ts';
import { StackError } from './errors.ts';

/**
 * What a project holds decides what runs, as whom, and with which secrets. Where everybody may write, as in `/tmp`, another
 * user can have left it there for whoever calls the command next.
 * @throws {StackError} `permission` where the file or folder is another user's
 */
export function assertOwn(place: string): void {
  explained(() => assertOwnFile(place));
}

/** @throws {StackError} `permission` where a file is another user's, or one could change it or the folders from `within` down to it */
export function assertOwnBelow(within: string, file: string): void {
  explained(() => {
    assertPrivateFolder(dirname(file), { within });
    assertOwnFile(file);
  });
}

/**
 * All of a project that decides what runs, and with which secrets: looked at before anything is written in it, as what reads
 * them later would refuse them then, and leave a project half begun in another user's folder.
 * @throws {StackError} `permission` where one of them is another user's
 */
export function assertOwnProject(project: string): void {
  for (const name of [...configNames, 'supabase', '.env']) {
    const place = join(project, name);
    if (existsSync(place)) assertOwn(place);
  }
}

/** The text of a file of the project's. @throws {StackError} `permission` where it is another user's */
export function readOwn(file: string): string {
  assertOwn(file);
  return readFileSync(file, 'utf8');
}

/** Of a place in a project, with the folders on the way: each could have been put there. What is not there is nobody's. */
export function assertOwnDownTo(project: string, place: string): void {
  let at = project;
  for (const part of relative(project, place).split(sep)) {
    at = join(at, part);
    if (lstatSync(at, { throwIfNoEntry: false }) === undefined) return;
    if (existsSync(at)) assertOwn(at);
    else explained(() => assertOwnFile(at, { isLink: true }));
  }
}

function explained(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!(error instanceof UnsafePlaceError)) throw error;
    throw new StackError('permission', error.message, { hint: error.hint, cause: error });
  }
}
