import { MigrateError } from '../../errors.ts';
import type { Structure } from '../engine/types.ts';
import type { Rename } from './find.ts';

/** A rename as a person gives it: `OLD=NEW`, each a table or a column with as many parts as it needs. */
export interface GivenRename {
  readonly text: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** @throws {MigrateError} `rename` @example readRename('people.fullname=full_name').from // ['people', 'fullname'] */
export function readRename(text: string): GivenRename {
  const sides = text.split('=').map(side => side.trim().split('.'));
  const [from, to] = sides;
  if (sides.length !== 2 || !from || !to || [...from, ...to].includes(''))
    throw new MigrateError(
      'rename',
      `--rename ${text} is not OLD=NEW.`,
      'Name both: --rename people=persons for a table, --rename people.fullname=full_name for a column.',
    );
  return { text, from, to };
}

/**
 * What given renames mean between two databases: tables first, so that columns are looked for under the new name.
 * @throws {MigrateError} `rename` where the old one is not there, or the new one is not wanted
 */
export function resolveRenames(
  given: readonly GivenRename[],
  before: Structure,
  after: Structure,
): readonly Rename[] {
  const tables: Rename[] = [];
  const columns: Rename[] = [];
  for (const rename of given) {
    const table = asTable(rename, before, after);
    if (table) tables.push(table);
    else columns.push(asColumn(rename, before, after, given));
  }
  return [...tables, ...columns];
}

function keyOf(parts: readonly string[], tables: Structure['tables']): string | undefined {
  if (parts.length === 2) return tables.has(parts.join('.')) ? parts.join('.') : undefined;
  if (parts.length !== 1) return undefined;
  const found = [...tables.keys()].filter(key => key.endsWith(`.${parts[0]}`));
  return found.find(key => key.startsWith('public.')) ?? found[0];
}

function asTable({ from, to }: GivenRename, before: Structure, after: Structure): Rename | undefined {
  const old = keyOf(from, before.tables);
  if (old === undefined || after.tables.has(old)) return undefined;
  const schema = old.slice(0, old.indexOf('.'));
  const made = keyOf(to.length === 1 ? [schema, ...to] : to, after.tables) ?? keyOf(to, after.tables);
  return made === undefined || before.tables.has(made) ? undefined : { kind: 'table', from: old, to: made };
}

function asColumn(
  rename: GivenRename,
  before: Structure,
  after: Structure,
  all: readonly GivenRename[],
): Rename {
  const column = rename.from.at(-1) ?? '';
  const name = rename.to.at(-1) ?? '';
  const old = keyOf(rename.from.slice(0, -1), before.tables);
  const refuse = (why: string) =>
    new MigrateError(
      'rename',
      `--rename ${rename.text}: ${why}.`,
      'Give the name before and the name that is wanted now, as they are.',
    );
  // The table may be called by its new name, or have one.
  const renamed = all
    .map(other => asTable(other, before, after))
    .find(each => each?.from === old || each?.to === keyOf(rename.from.slice(0, -1), after.tables));
  const origin = old ?? renamed?.from;
  if (origin === undefined || !before.tables.get(origin)?.columns.has(column))
    throw refuse(`there is no table or column ${rename.from.join('.')}`);
  const table = renamed?.to ?? origin;
  if (!after.tables.get(table)?.columns.has(name)) throw refuse(`${table} is to have no column ${name}`);
  if (after.tables.get(table)?.columns.has(column)) throw refuse(`${table} is to keep its column ${column}`);
  return { kind: 'column', table, from: column, to: name };
}
