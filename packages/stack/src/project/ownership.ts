import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { assertOwnFile, assertPrivateFolder, UnsafePlaceError } from '@peakstone/kernel/private';
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

/** The text of a file of the project's. @throws {StackError} `permission` where it is another user's */
export function readOwn(file: string): string {
  assertOwn(file);
  return readFileSync(file, 'utf8');
}

function explained(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!(error instanceof UnsafePlaceError)) throw error;
    throw new StackError('permission', error.message, { hint: error.hint, cause: error });
  }
}
