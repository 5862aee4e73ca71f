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

const accessibleTables = `
select c.relname
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
select p.oid, array_to_json(array(select format_type(t.oid, null) from unnest(p.proargtypes) with ordinality t(oid, n) order by t.n))
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

/** Pure. */
export function readVisible(
  results: readonly Result[],
  schema: string,
  mode: OpenApiMode,
  catalog: Catalog,
): VisibleSchema {
  // A partition is no table of the API.
  const tables = [...catalog.tables.values()].filter(table => table.schema === schema && !table.isPartition);
  const routines = [...catalog.routines.values()].flat().filter(routine => routine.schema === schema);
  const comment = textOf(results.at(-1)?.rows[0]?.[0] ?? null);
  if (mode === 'ignore-privileges') {
    return {
      tables: byName(tables),
      routines: byName(routines).map(routine => ({
        routine,
        argumentTypes: routine.parameters.map(parameter => parameter.type),
      })),
      comment,
    };
  }
  const tableNames = new Set(results[0]?.rows.map(row => textOf(row[0] ?? null)));
  const argumentTypes = new Map(
    results[1]?.rows.map(row => [Number(textOf(row[0] ?? null)), readTypes(row[1] ?? null)] as const),
  );
  return {
    tables: byName(tables.filter(table => tableNames.has(table.name))),
    routines: byName(routines).flatMap(routine => {
      const types = argumentTypes.get(routine.oid);
      return types ? [{ routine, argumentTypes: types }] : [];
    }),
    comment,
  };
}

const readTypes = (cell: Cell): readonly string[] => JSON.parse(textOf(cell) ?? '[]') as string[];

const textOf = (cell: Cell): string | null => (cell === null ? null : cell.toString('utf8'));

const byName = <T extends { readonly name: string }>(items: readonly T[]): readonly T[] =>
  items.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
