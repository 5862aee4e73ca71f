/** Which relations and functions the document may name: asked in the request's own transaction, as its role. */
import type { Catalog, Routine, Table } from '@peakstone/kernel/catalog';
import type { Cell, Result, Statement } from '@peakstone/kernel/pg';
import type { OpenApiMode } from '../config/types.ts';
import { quote } from '../sql/writer.ts';

/** What the document describes. */
export interface VisibleSchema {
  readonly tables: readonly Table[];
  /** `argumentTypes` as the request's search path shows them, in the order of the routine's parameters. */
  readonly routines: readonly VisibleRoutine[];
  /** The schema's comment. */
  readonly comment: string | null;
}

export interface VisibleRoutine {
  readonly routine: Routine;
  readonly argumentTypes: readonly string[];
}

/** One text each, as it is looked at only where the document has not been made yet. */
const accessibleTables = `
select coalesce(json_agg(c.relname order by c.relname), '[]')
from pg_catalog.pg_class c
where c.relkind in ('v', 'r', 'm', 'f', 'p')
  and c.relnamespace = $1::regnamespace
  and not c.relispartition
  and (
    pg_has_role(c.relowner, 'USAGE')
    or has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
  )`;

const accessibleRoutines = `
select coalesce(json_agg(json_build_array(p.oid::int8, array_to_json(array(select format_type(t.oid, null) from unnest(p.proargtypes) with ordinality t(oid, n) order by t.n))) order by p.oid), '[]')
from pg_catalog.pg_proc p
where p.pronamespace = $1::regnamespace and has_function_privilege(p.oid, 'execute')`;

const schemaComment = `select pg_catalog.obj_description($1::regnamespace, 'pg_namespace')`;

/** The statements whose results `readVisible` takes, in order; none when the document is disabled. */
export function openApiStatements(schema: string, mode: OpenApiMode): readonly Statement[] {
  // `regnamespace` reads its text as an identifier.
  const values = [quote(schema)];
  switch (mode) {
    case 'follow-privileges':
      return [accessibleTables, accessibleRoutines, schemaComment].map(text => ({ text, values }));
    case 'ignore-privileges':
      return [{ text: schemaComment, values }];
    case 'disabled':
      return [];
  }
}

/** Pure; yields between pieces of work. */
export function* readVisible(
  results: readonly Result[],
  schema: string,
  mode: OpenApiMode,
  catalog: Catalog,
): Generator<void, VisibleSchema> {
  const answer = (at: number): string | null => textOf(results.at(at)?.rows[0]?.[0] ?? null);
  const comment = answer(-1);
  const isIgnored = mode === 'ignore-privileges';
  const seen = <T>(at: number): readonly T[] => (isIgnored ? [] : JSON.parse(answer(at) ?? '[]'));
  const tableNames = new Set(seen<string>(0));
  const argumentTypes = new Map(seen<readonly [oid: number, types: readonly string[]]>(1));
  const tables: Table[] = [];
  for (const table of catalog.tables.values()) {
    // A partition is no table of the API.
    const isOwn = table.schema === schema && !table.isPartition;
    if (isOwn && (isIgnored || tableNames.has(table.name))) tables.push(table);
    yield;
  }
  const routines: VisibleRoutine[] = [];
  for (const routine of [...catalog.routines.values()].flat()) {
    if (routine.schema !== schema) continue;
    const types = isIgnored ? routine.parameters.map(({ type }) => type) : argumentTypes.get(routine.oid);
    if (types) routines.push({ routine, argumentTypes: types });
    yield;
  }
  return {
    tables: byName(tables, table => table.name),
    routines: byName(routines, ({ routine }) => routine.name),
    comment,
  };
}

/** Of overloads the last: a document has one path for all. */
export const lastOfEachName = (routines: readonly VisibleRoutine[]): readonly VisibleRoutine[] => [
  ...new Map(routines.map(visible => [visible.routine.name, visible])).values(),
];

const textOf = (cell: Cell): string | null => (cell === null ? null : cell.toString('utf8'));

const byName = <T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] =>
  items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
