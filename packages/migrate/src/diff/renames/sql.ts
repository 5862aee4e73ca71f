/** Renames as statements, and what follows of itself from them. Pure. */
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import type { Structure, TableShape } from '../engine/types.ts';
import { quoteKey, type Step, step } from '../step.ts';
import type { Rename } from './find.ts';

export function renameSteps(rename: Rename): Step[] {
  if (rename.kind === 'column')
    return [
      step(`ALTER TABLE ${quoteKey(rename.table)} RENAME COLUMN ${id(rename.from)} TO ${id(rename.to)}`),
    ];
  const [schema = '', name = ''] = split(rename.from);
  const [newSchema = '', newName = ''] = split(rename.to);
  return [
    ...(schema === newSchema
      ? []
      : [step(`ALTER TABLE ${quoteKey(rename.from)} SET SCHEMA ${id(newSchema)}`)]),
    ...(name === newName ? [] : [step(`ALTER TABLE ${id(newSchema)}.${id(name)} RENAME TO ${id(newName)}`)]),
  ];
}

/**
 * Constraints, indexes and sequences of columns that have another name and are the same otherwise: nothing is lost or built
 * by a rename, so nobody is asked.
 */
export function derivedRenames(before: Structure, after: Structure): Step[] {
  return [
    ...[...before.tables].flatMap(([key, table]) => {
      const now = after.tables.get(key);
      return now === undefined || table.isPartition ? [] : ofTable(key, table, now);
    }),
    ...ofSequences(before, after),
  ];
}

function ofTable(key: string, table: TableShape, now: TableShape): Step[] {
  const constraints = pairs(table.constraints, now.constraints, (_, definition) => definition).map(
    ([from, to]) => step(`ALTER TABLE ${quoteKey(key)} RENAME CONSTRAINT ${id(from)} TO ${id(to)}`),
  );
  const unnamed = (name: string, definition: string) =>
    definition.replace(
      new RegExp(` INDEX (?:"${escapePattern(name)}"|${escapePattern(name)}) ON `),
      ' INDEX ON ',
    );
  const indexes = pairs(table.indexes, now.indexes, unnamed).map(([from, to]) =>
    step(`ALTER INDEX ${id(table.schema)}.${id(from)} RENAME TO ${id(to)}`),
  );
  return [...constraints, ...indexes];
}

/** Those that are gone and those that are new, of one meaning, where there is one of each. */
function pairs(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  meaning: (name: string, definition: string) => string,
): [from: string, to: string][] {
  const meanings = (these: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>) => {
    const found = new Map<string, string[]>();
    for (const [name, definition] of these) {
      if (others.has(name)) continue;
      const key = meaning(name, definition);
      found.set(key, [...(found.get(key) ?? []), name]);
    }
    return found;
  };
  const made = meanings(after, before);
  return [...meanings(before, after)].flatMap(([key, [from, ...others]]): [string, string][] => {
    const [to, ...more] = made.get(key) ?? [];
    return from !== undefined && to !== undefined && others.length + more.length === 0 ? [[from, to]] : [];
  });
}

function ofSequences(before: Structure, after: Structure): Step[] {
  const owner = (sequence: { ownedBy: { table: string; column: string } | null }) =>
    sequence.ownedBy && `${sequence.ownedBy.table}.${sequence.ownedBy.column}`;
  return [...before.sequences].flatMap(([key, sequence]) => {
    if (after.sequences.has(key) || sequence.ownedBy === null) return [];
    const now = [...after.sequences.entries()].find(
      ([other, each]) =>
        !before.sequences.has(other) && each.schema === sequence.schema && owner(each) === owner(sequence),
    );
    return now === undefined ? [] : [step(`ALTER SEQUENCE ${quoteKey(key)} RENAME TO ${id(now[1].name)}`)];
  });
}

function split(key: string): string[] {
  const dot = key.indexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
