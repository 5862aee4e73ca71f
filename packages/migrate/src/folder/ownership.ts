import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { MigrateError } from '../errors.ts';

/**
 * Files decide what runs: what another user has left in a folder, as anybody can where all may write, is nobody's migration.
 * Whose folder it may be is for the caller to say, who was given its name or has looked.
 * @param folder with all that is below it
 * @throws {MigrateError} `folder`
 */
export async function assertOwnFiles(folder: string): Promise<void> {
  const owner = await stat(folder);
  for (const { parentPath, name } of await readdir(folder, { withFileTypes: true, recursive: true })) {
    try {
      assertOwnFile(join(parentPath, name), { owner });
    } catch (error) {
      if (error instanceof UnsafePlaceError)
        throw new MigrateError('folder', error.message, error.hint, error);
      // Gone meanwhile, or a link to what is not there: whoever reads it says so.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
