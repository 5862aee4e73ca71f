import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrateError } from '../errors.ts';

/**
 * The bytes of a plain file of a folder: of anything else a read would fail without a name, or wait for ever.
 * @throws {MigrateError} `folder`
 */
export async function readPlain(folder: string, name: string): Promise<Buffer> {
  const path = join(folder, name);
  const found = await stat(path);
  if (found.isFile()) return await readFile(path);
  throw new MigrateError(
    'folder',
    `${path} is ${found.isDirectory() ? 'a folder' : 'no plain file'}.`,
    'Rename it, or keep it in another folder.',
  );
}
