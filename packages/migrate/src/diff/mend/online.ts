/**
 * Rewrites what would keep others from a table for long: indexes are built CONCURRENTLY, constraints are added NOT VALID and
 * validated in a later transaction. Pure.
 */
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import type { Structure } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, quoteKey, type Step, step } from '../step.ts';

/** What has to wait for its turn: each list is a file's, and each of `indexes` has one to itself. */
export interface Later {
  readonly indexes: Step[];
  readonly validations: Step[];
  readonly last: Step[];
}

/** @param before what there is: tables that the plan makes itself are nobody's yet */
export function avoidLongLocks(
  steps: readonly Step[],
  before: Structure,
): { readonly now: readonly Step[]; readonly later: Later } {
  const later: Later = { indexes: [], validations: [], last: [] };
  const now = steps.flatMap((each, index) => {
    const needed = steps
      .slice(index + 1)
      .some(({ needs, destroys }) =>
        each.makes.some(name => needs.includes(name) || destroys.includes(name)),
      );
    return (needed ? undefined : defer(each, before, later)) ?? [each];
  });
  return { now, later };
}

const INDEX = /^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)(.+?) ON (ONLY )?(.+?) USING /;

/** The statements to run now in its place; undefined where it stays as it is. */
function defer(each: Step, before: Structure, later: Later): Step[] | undefined {
  const index = INDEX.exec(each.sql);
  if (index) {
    const key = (index[4] ?? '').replaceAll('"', '');
    const table = before.tables.get(key);
    if (!table || table.isPartitioned || index[3] !== undefined) return undefined;
    const sql = each.sql.replace(/^CREATE (UNIQUE )?INDEX /, 'CREATE $1INDEX CONCURRENTLY ');
    later.indexes.push({ ...each, sql, outside: true, part: firstIdentifier(index[2] ?? '') });
    return [];
  }
  const key = alteredTable(each.sql) ?? '';
  const table = before.tables.get(key);
  if (table === undefined) return undefined;
  const what = alteration(each.sql);
  const constraint = /^ADD CONSTRAINT ("(?:[^"]|"")+") (CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY)\b/.exec(what);
  const name = constraint?.[1] ?? '';
  switch (constraint?.[2]) {
    case 'CHECK':
    case 'FOREIGN KEY':
      // Keys of partitioned tables cannot wait.
      if (what.endsWith(' NOT VALID') || (constraint[2] === 'FOREIGN KEY' && table.isPartitioned))
        return undefined;
      later.validations.push(step(`ALTER TABLE ${quoteKey(key)} VALIDATE CONSTRAINT ${name}`));
      return [{ ...each, sql: `${each.sql} NOT VALID` }];
    case 'UNIQUE':
    case 'PRIMARY KEY': {
      const match = /^ADD CONSTRAINT .+? (UNIQUE|PRIMARY KEY)( NULLS NOT DISTINCT)? (\([^()]*\))(.*)$/.exec(
        what,
      );
      if (!match || table.isPartitioned || / INCLUDE | WITHOUT OVERLAPS|PERIOD /.test(what)) return undefined;
      const [, kind = '', nulls = '', columns = '', traits = ''] = match;
      later.indexes.push(
        step(`CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${quoteKey(key)} ${columns}${nulls}`, {
          outside: true,
          part: firstIdentifier(name),
        }),
      );
      later.last.push({
        ...each,
        sql: `ALTER TABLE ${quoteKey(key)} ADD CONSTRAINT ${name} ${kind} USING INDEX ${name}${traits}`,
      });
      return [];
    }
  }
  const column = /^ALTER COLUMN ("(?:[^"]|"")+") SET NOT NULL$/.exec(what)?.[1];
  if (column !== undefined && before.tables.get(key)?.columns.get(firstIdentifier(column))) {
    const proof = id(`${table.name}_${firstIdentifier(column)}_not_null`.slice(0, 60));
    later.validations.push(step(`ALTER TABLE ${quoteKey(key)} VALIDATE CONSTRAINT ${proof}`));
    later.last.push(each, step(`ALTER TABLE ${quoteKey(key)} DROP CONSTRAINT ${proof}`));
    return [
      step(`ALTER TABLE ${quoteKey(key)} ADD CONSTRAINT ${proof} CHECK (${column} IS NOT NULL) NOT VALID`),
    ];
  }
  return undefined;
}
