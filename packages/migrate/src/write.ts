import { dirname, join } from 'node:path';
import { createFile, makeFolders, replaceFile } from '@peakstone/kernel/durable';
import { formats, NOT_IN_SUMS, readFolder, sumFile, sumTextOf } from './folder/index.ts';

/** Whether a file's name can say this. Pure. @example isMigrationName('add_users') // true */
export function isMigrationName(name: string): boolean {
  return !/[/\\\p{Cc}]/u.test(name) && !NOT_IN_SUMS.test(name);
}

/**
 * Puts a new migration into a folder, which is made where it is missing, and hashes it where that is done.
 * @param name what it does; the time goes before it
 * @returns the file's name; of Hasura's the up.sql, beside an empty down.sql
 */
export async function writeMigration(
  path: string,
  name: string,
  text: string,
  now = new Date(),
): Promise<string> {
  makeFolders(path);
  const { format, files } = await readFolder(path);
  const { newFiles, hasSums } = formats[format];
  const written = newFiles({ name, text, taken: new Set(files.map(each => each.version)), now });
  for (const [file, content] of written) {
    makeFolders(join(path, dirname(file)));
    createFile(join(path, file), content);
  }
  if (hasSums) replaceFile(join(path, sumFile), sumTextOf(await readFolder(path)));
  return written[0]![0];
}
