import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasuraGrants, hasuraHistory } from '../../revisions/index.ts';
import { type DownScript, describeFile, type MigrationFile } from '../file.ts';
import { readPlain } from '../readPlain.ts';
import { scriptOf } from './flat.ts';
import type { FolderContent, FolderEntry, Format, SetAside } from './format.ts';

/** @see https://hasura.io/docs/2.0/migrations-metadata-seeds/migration-file-format-reference/ */
export const hasura: Format = {
  name: 'hasura',
  isOf,
  read,
  newFiles: ({ name, text, now }) => {
    const step = `${now.getTime()}_${name || 'unnamed'}`;
    return [
      [join(step, 'up.sql'), text],
      [join(step, 'down.sql'), ''],
    ];
  },
  isFlat: false,
  isByDatabase: true,
  hasSums: false,
  isNumbered: true,
  isLinear: false,
  keepsApplied: false,
  ignoresOrder: true,
  hasTxModes: true,
  passesTransactions: true,
  firstMayStandAlone: false,
  cutBy: 'postgres',
  asSent: text => text,
  placeOfDown: () => 'a down.sql beside its up.sql',
  squashedBy: 'hasura migrate squash',
  history: path => hasuraHistory(basename(path)),
  lender: { role: 'hasura', grants: hasuraGrants },
};

async function isOf(path: string, entries: readonly FolderEntry[]): Promise<boolean> {
  // One of several databases, as Hasura's first version named files.
  const isOne = basename(dirname(path)) === 'migrations';
  if (isOne && entries.some(({ name }) => /^\d+_.*\.up\.sql$/.test(name))) return true;
  for (const entry of entries)
    if (entry.isDirectory() && isNumbered.test(entry.name) && (await isStep(join(path, entry.name))))
      return true;
  return false;
}

const isNumbered = /^(\d+)_/;

async function isStep(path: string): Promise<boolean> {
  return (await readdir(path)).some(name => /^(?:up|down)\.sql$/.test(name));
}

/** Folders of up.sql and down.sql; of files named NUMBER_NAME.up.sql, as in its first version, the same. */
async function read(path: string): Promise<FolderContent> {
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
      const bytes = await readPlain(path, up);
      // Its own CLI takes an empty one for none.
      if (bytes.length === 0) return [];
      const file = describeFile(`${step}.sql`, bytes);
      return [
        {
          ...withOwnMode({ ...file, name: up }),
          down: down === undefined ? null : withOwnMode(await scriptOf(path, down)),
        },
      ];
    }),
  );
  const sorted = files.flat().sort((a, b) => (BigInt(a.version) < BigInt(b.version) ? -1 : 1));
  return { files: sorted, setAside };
}

/** Hasura has a directive of its own for what must not run in a transaction. */
function withOwnMode<T extends DownScript>(script: T): T {
  if (!/^[^\S\n]*-- hasura:no-transaction[^\S\n]*(?:\n|$)/.test(script.text)) return script;
  return { ...script, directives: [...script.directives, { name: 'txmode', value: 'none' }] };
}

/** `1_x.up.sql` is `up.sql` of `1_x`. */
function splitName(name: string): readonly [step: string, part: string, file: string] {
  const [, step = '', part = ''] = /^(\d+_.*)\.((?:up|down)\.\w+)$/.exec(name) ?? [];
  return [step, part, name];
}
