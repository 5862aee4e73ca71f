/** Folders of one file a migration. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DownScript, describeFile, type MigrationFile } from '../file.ts';
import { readPlain } from '../readPlain.ts';
import type { NewMigration } from './format.ts';

/** What stands beside the migrations, in a folder of this name, undoes them: a file under the same name each. */
export const downFolder = 'down';

/** Names of its SQL files in the order of their bytes. */
export async function sqlNames(path: string): Promise<readonly string[]> {
  const names = (await readdir(path)).filter(name => name.endsWith('.sql'));
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export async function filesOf(path: string, names: readonly string[]): Promise<readonly MigrationFile[]> {
  const downs = new Set(await namesIn(join(path, downFolder)));
  return await Promise.all(
    names.map(async name => ({
      ...describeFile(name, await readPlain(path, name)),
      down: downs.has(name) ? await scriptOf(path, join(downFolder, name)) : null,
    })),
  );
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

export async function scriptOf(path: string, name: string): Promise<DownScript> {
  const { text, directives } = describeFile(name, await readPlain(path, name));
  return { name, text, directives };
}

/** `20240131120000_name.sql`. Pure. */
export function newFile({ name, text, taken, now }: NewMigration): readonly [path: string, text: string] {
  return [`${freeVersion(taken, now)}${name === '' ? '' : `_${name}`}.sql`, text];
}

/** Pure. */
export function placeBeside(file: string): string {
  return `${downFolder}/${file} beside it`;
}

/** The time, or the first second after it that no file has: a database remembers one file of a version. */
function freeVersion(taken: ReadonlySet<string>, now: Date): string {
  for (let at = now.getTime(); ; at += 1000) {
    const version = new Date(at).toISOString().replaceAll(/[-:T]|\..*/g, '');
    if (!taken.has(version)) return version;
  }
}
