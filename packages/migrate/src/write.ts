import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolder, sumFile, sumTextOf } from './folder/index.ts';

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
  await mkdir(path, { recursive: true });
  const { format, files } = await readFolder(path);
  if (format === 'hasura') {
    const step = `${now.getTime()}_${name || 'unnamed'}`;
    await mkdir(join(path, step));
    for (const [part, content] of [
      ['up.sql', text],
      ['down.sql', ''],
    ] as const)
      await writeFile(join(path, step, part), content, { flag: 'wx' });
    return join(step, 'up.sql');
  }
  const version = freeVersion(new Set(files.map(each => each.version)), now);
  const file = `${version}${name === '' ? '' : `_${name}`}.sql`;
  await writeFile(join(path, file), text, { flag: 'wx' });
  if (format === 'atlas') await writeFile(join(path, sumFile), sumTextOf(await readFolder(path)));
  return file;
}

/** The time, or the first second after it that no file has: a database remembers one file of a version. */
function freeVersion(taken: ReadonlySet<string>, now: Date): string {
  for (let at = now.getTime(); ; at += 1000) {
    const version = new Date(at).toISOString().replaceAll(/[-:T]|\..*/g, '');
    if (!taken.has(version)) return version;
  }
}
