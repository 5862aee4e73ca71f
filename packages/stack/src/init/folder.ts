import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StackError } from '../project/errors.ts';

/** Makes the folder and those above it. @throws {StackError} `config` where that cannot be, before anything is made */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  let place = folder;
  for (;;) {
    // What is below a file is not there either.
    const found = statOf(place);
    if (found?.isDirectory()) break;
    if (found !== undefined)
      throw new StackError('config', `${place} is a file, so that no project can be in it.`, {
        hint: 'Name a folder, which is made when it is not there: peakstone init shop',
      });
    missing.push(place);
    place = dirname(place);
  }
  // One by one: where the system makes none, as in /proc, Node's own way of making all of them never ends.
  for (const each of missing.toReversed()) {
    try {
      mkdirSync(each);
    } catch (error) {
      if (!['ENOENT', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      throw new StackError('config', `The system makes no folder in ${dirname(each)}.`, {
        hint: 'Name one elsewhere.',
        cause: error,
      });
    }
  }
}

function statOf(place: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(place, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
