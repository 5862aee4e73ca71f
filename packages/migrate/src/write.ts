import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolder, sumFile, sumTextOf } from './folder/index.ts';

/**
 * Puts a new file into a folder, which is made where it is missing, and hashes it.
 * @param name what it does; the time goes before it
 * @returns the file's name
 */
export async function writeMigration(
  path: string,
  name: string,
  text: string,
  now = new Date(),
): Promise<string> {
  const version = now.toISOString().replaceAll(/[-:T]|\..*/g, '');
  const file = `${version}${name === '' ? '' : `_${name}`}.sql`;
  await mkdir(path, { recursive: true });
  await writeFile(join(path, file), text, { flag: 'wx' });
  const folder = await readFolder(path);
  if (folder.format === 'atlas') await writeFile(join(path, sumFile), sumTextOf(folder));
  return file;
}
