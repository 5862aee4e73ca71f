import { isNotPostgres } from '@peakstone/kernel/inventory';
import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { type Row, text } from './catalog.ts';

/** What of a database is dumped. Names may hold `*` and `?`; a table may be named with its schema. */
export interface Selection {
  readonly schemas?: readonly string[];
  readonly excludedSchemas?: readonly string[];
  readonly tables?: readonly string[];
  readonly excludedTables?: readonly string[];
}

export interface Selected {
  /** Nothing was chosen or excluded. */
  readonly isWhole: boolean;
  /** Single tables were chosen: what does not belong to one is left out. */
  readonly isOfTables: boolean;
  /** An array of the schemas' numbers, in SQL. */
  readonly schemas: string;
  /** A condition on the relation `c`, in SQL. */
  readonly relations: string;
}

/** PostgreSQL's own schemas, and those that a server makes for a session. */
const SYSTEM = isNotPostgres('n.nspname');

/** @throws {TransferError} where nothing is of a name that was chosen. */
export async function resolveSelection(
  { schemas = [], excludedSchemas = [], tables = [], excludedTables = [] }: Selection,
  rows: (sql: string) => Promise<readonly Row[]>,
): Promise<Selected> {
  const found = await rows(
    `select n.oid, n.nspname as name from pg_namespace n where ${SYSTEM} order by n.nspname`,
  );
  for (const wanted of schemas)
    if (!found.some(row => matches(wanted, text(row, 'name'))))
      throw new TransferError(`There is no schema '${wanted}'.`, {
        hint: `There are: ${found.map(row => text(row, 'name')).join(', ')}.`,
      });
  const chosen = found.filter(row => {
    const name = text(row, 'name');
    if (excludedSchemas.some(pattern => matches(pattern, name))) return false;
    return schemas.length === 0 || schemas.some(pattern => matches(pattern, name));
  });
  const schemaList = `'{${chosen.map(row => text(row, 'oid')).join(',')}}'::oid[]`;
  const conditions = [`c.relnamespace = any (${schemaList})`];
  const relations = async (patterns: readonly string[]): Promise<Map<string, string>> => {
    const all = await rows(`
      select c.oid, n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${SYSTEM} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`);
    return new Map(
      patterns.flatMap(pattern =>
        all
          .filter(row => matchesTable(pattern, text(row, 'schema'), text(row, 'name')))
          .map(row => [text(row, 'oid'), pattern] as const),
      ),
    );
  };
  if (tables.length > 0) {
    const oids = await relations(tables);
    const missing = tables.find(pattern => ![...oids.values()].includes(pattern));
    if (missing !== undefined)
      throw new TransferError(`There is no table '${missing}'.`, { hint: `See them: peakstone sql '\\dt'` });
    conditions.splice(0, 1, `c.oid = any (${literal(`{${[...oids.keys()].join(',')}}`)}::oid[])`);
  }
  if (excludedTables.length > 0) {
    const oids = await relations(excludedTables);
    conditions.push(`c.oid <> all (${literal(`{${[...oids.keys()].join(',')}}`)}::oid[])`);
  }
  return {
    isWhole: [schemas, excludedSchemas, tables, excludedTables].every(list => list.length === 0),
    isOfTables: tables.length > 0,
    schemas: schemaList,
    relations: `(${conditions.join(' and ')})`,
  };
}

function matchesTable(pattern: string, schema: string, name: string): boolean {
  const dot = pattern.indexOf('.');
  if (dot < 0) return matches(pattern, name);
  return matches(pattern.slice(0, dot), schema) && matches(pattern.slice(dot + 1), name);
}

/** Quotes are not needed, and taken off. Pure. */
function matches(pattern: string, name: string): boolean {
  const plain = pattern.replace(/^"(.*)"$/, '$1');
  const expression = plain
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(name);
}
