/** What a plan loses for good. Pure. */
import type { Structure } from './engine/types.ts';
import { lossOf, typeChange } from './mend/casts.ts';
import { alteration, alteredTable, firstIdentifier, type Step } from './step.ts';

/** Rows or values that go. */
export interface Loss {
  /** A sentence. */
  readonly message: string;
  readonly sql: string;
  /** `schema.table`, where it is a table's. */
  readonly table?: string;
  /** Where it is a column of it alone. */
  readonly column?: string;
}

/**
 * @param before what there is before the steps, after renames
 * @param after what is wanted
 */
export function lossesOf(steps: readonly Step[], before: Structure, after: Structure): readonly Loss[] {
  const types = { domains: before.domains, enums: new Map([...before.enums, ...after.enums]) };
  return steps.flatMap((each): Loss[] => {
    const { sql, loses } = each;
    const table = alteredTable(sql);
    const change = typeChange(each, before);
    if (change !== undefined) {
      const lost =
        lossOf(change.from, change.to, types) ??
        (loses ? 'values that the new type has not are refused' : undefined);
      if (lost === undefined) return [];
      const message = `Column ${change.column} of ${change.table} becomes ${change.to}: ${lost}.`;
      return [{ message, sql, table: change.table, column: change.column }];
    }
    const dropped = table !== undefined && /^DROP COLUMN (?:IF EXISTS )?(.+)/.exec(alteration(sql));
    if (dropped) {
      const column = firstIdentifier(dropped[1] ?? '');
      // It is computed again where it comes back.
      const [was, is] = [before, after].map(each => each.tables.get(table)?.columns.get(column)?.generated);
      if (was && is) return [];
      return [{ message: `Column ${column} of ${table} goes with its values.`, sql, table, column }];
    }
    if (table !== undefined && alteration(sql) === 'SET UNLOGGED') {
      const message = `Table ${table} becomes unlogged: a crash empties it, and neither a replica nor a backup of the WAL has its rows.`;
      return [{ message, sql }];
    }
    const restarted = table !== undefined && /^ALTER COLUMN (.+?) SET .*\bRESTART\b/.exec(alteration(sql));
    if (restarted) {
      const column = firstIdentifier(restarted[1] ?? '');
      return [
        { message: `Column ${column} of ${table} is numbered from the start again.`, sql, table, column },
      ];
    }
    if (/^ALTER SEQUENCE .*\bRESTART\b/.test(sql))
      return [{ message: `${firstWords(sql)} begins from its start again.`, sql }];
    const named = /^DROP (TABLE|SEQUENCE|SCHEMA) (?:IF EXISTS )?(.+?)(?: CASCADE)?$/.exec(sql);
    if (named) {
      const key = (named[2] ?? '').replaceAll('"', '');
      if (named[1] === 'TABLE') return [{ message: `Table ${key} goes with its rows.`, sql, table: key }];
      if (named[1] === 'SEQUENCE' && before.sequences.get(key)?.ownedBy === null)
        return [{ message: `Sequence ${key} goes with its position.`, sql }];
      return [];
    }
    return loses && !/MATERIALIZED VIEW/.test(sql) ? [{ message: 'Values are lost.', sql }] : [];
  });
}

/** `Sequence public.s` of an ALTER SEQUENCE. */
function firstWords(sql: string): string {
  return `Sequence ${(/^ALTER SEQUENCE (\S+)/.exec(sql)?.[1] ?? '').replaceAll('"', '')}`;
}
