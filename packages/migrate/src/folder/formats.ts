import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type DownScript, describeFile, type MigrationFile } from './file.ts';
import { sumFile } from './sum.ts';

/** Whose rules a folder follows. */
export type FolderFormat = 'atlas' | 'supabase' | 'hasura';

export const folderFormats: readonly FolderFormat[] = ['atlas', 'supabase', 'hasura'];

/** Something in a folder that is no migration, and why. */
export interface SetAside {
  readonly name: string;
  readonly reason: string;
}

export interface FolderContent {
  /** In the order in which they are applied. */
  readonly files: readonly MigrationFile[];
  readonly setAside: readonly SetAside[];
}

/** What stands beside the migrations, in a folder of this name, undoes them: a file under the same name each. */
export const downFolder = 'down';

/** How each format is read. */
export const readers: Readonly<Record<FolderFormat, (path: string) => Promise<FolderContent>>> = {
  atlas: async path => ({ files: await filesOf(path, await sqlNames(path)), setAside: [] }),
  supabase: readSupabase,
  hasura: readHasura,
};

/** Whose folder it is, by what lies in it and where it lies. */
export async function detectFormat(path: string): Promise<FolderFormat> {
  const entries = await readdir(path, { withFileTypes: true });
  if (entries.some(({ name }) => name === sumFile)) return 'atlas';
  if (basename(path) === 'migrations' && basename(dirname(path)) === 'supabase') return 'supabase';
  // One of several databases, as Hasura's first version named files.
  const isOne = basename(dirname(path)) === 'migrations';
  if (isOne && entries.some(({ name }) => /^\d+_.*\.up\.sql$/.test(name))) return 'hasura';
  for (const entry of entries)
    if (entry.isDirectory() && isNumbered.test(entry.name) && (await isHasuraStep(join(path, entry.name))))
      return 'hasura';
  return 'atlas';
}

const isNumbered = /^(\d+)_/;

async function isHasuraStep(path: string): Promise<boolean> {
  return (await readdir(path)).some(name => /^(?:up|down)\.sql$/.test(name));
}

/** Names of its SQL files in the order of their bytes. */
async function sqlNames(path: string): Promise<readonly string[]> {
  const names = (await readdir(path)).filter(name => name.endsWith('.sql'));
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function filesOf(path: string, names: readonly string[]): Promise<readonly MigrationFile[]> {
  const downs = new Set(await namesIn(join(path, downFolder)));
  return await Promise.all(
    names.map(async name => ({
      ...describeFile(name, await readFile(join(path, name))),
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

async function scriptOf(path: string, name: string): Promise<DownScript> {
  return { name, text: (await readFile(join(path, name), 'utf8')).replace(/^\uFEFF/, '') };
}

/** As its CLI takes them: a number, a name. The first one of an age in which that held the CLI's own schema is passed over. */
async function readSupabase(path: string): Promise<FolderContent> {
  const names = await sqlNames(path);
  const setAside = names.flatMap((name, index): readonly SetAside[] => {
    const [, version] = /^(\d+)_.*\.sql$/.exec(name) ?? [];
    if (version === undefined)
      return [{ name, reason: 'its name is not NUMBER_NAME.sql, which the Supabase CLI passes over' }];
    const old = index === 0 && /^\d{14}_init\.sql$/.test(name) && Number(version) < 20211209000000;
    return old ? [{ name, reason: 'it is the schema that early versions of the Supabase CLI wrote' }] : [];
  });
  const passed = new Set(setAside.map(({ name }) => name));
  return {
    files: await filesOf(
      path,
      names.filter(name => !passed.has(name)),
    ),
    setAside,
  };
}

/** Folders of up.sql and down.sql; of files named NUMBER_NAME.up.sql, as in its first version, the same. */
async function readHasura(path: string): Promise<FolderContent> {
  const steps = new Map<string, { up?: string; down?: string }>();
  const setAside: SetAside[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const { name } = entry;
    const inner = entry.isDirectory() && isNumbered.test(name) ? await readdir(join(path, name)) : [];
    const parts = entry.isDirectory()
      ? inner.map(part => [name, part, `${name}/${part}`] as const)
      : [splitName(name)];
    for (const [step, part, file] of parts) {
      const [, way] = /^(up|down)\.sql$/.exec(part) ?? [];
      if (way !== undefined) steps.set(step, { ...steps.get(step), [way]: file });
      else if (part.endsWith('.yaml'))
        setAside.push({ name: file, reason: 'it changes metadata, and no database' });
    }
  }
  const files = await Promise.all(
    [...steps].map(async ([step, { up, down }]): Promise<readonly MigrationFile[]> => {
      if (up === undefined) return [];
      const bytes = await readFile(join(path, up));
      // Its own CLI takes an empty one for none.
      if (bytes.length === 0) return [];
      const { version, description, directives, ...file } = describeFile(`${step}.sql`, bytes);
      const none = /^[^\S\n]*-- hasura:no-transaction[^\S\n]*(?:\n|$)/.test(file.text);
      return [
        {
          ...{ ...file, name: up, version, description },
          directives: none ? [...directives, { name: 'txmode', value: 'none' }] : directives,
          down: down === undefined ? null : await scriptOf(path, down),
        },
      ];
    }),
  );
  const sorted = files.flat().sort((a, b) => (BigInt(a.version) < BigInt(b.version) ? -1 : 1));
  return { files: sorted, setAside };
}

/** `1_x.up.sql` is `up.sql` of `1_x`. */
function splitName(name: string): readonly [step: string, part: string, file: string] {
  const [, step = '', part = ''] = /^(\d+_.*)\.((?:up|down)\.\w+)$/.exec(name) ?? [];
  return [step, part, name];
}
