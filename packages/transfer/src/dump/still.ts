/**
 * Whether the schema stood still while it was read. The server says definitions (pg_get_viewdef and its like) as they are now, and
 * not as they were in a snapshot; and locks, as pg_dump's, keep tables alone from changing. Where a view, a function or a type was
 * changed in between, a dump would hold parts of two schemas.
 */
import { connectPrivileged } from '@peakstone/kernel/pg';
import { onlyRow } from './catalog.ts';

/** By catalog, what of it definitions stand on; whatever vacuum, analyze and the refresh of a materialized view write is not. */
const STATES: readonly (readonly [catalog: string, columns: string, condition: string])[] = [
  [
    'pg_class',
    'oid, relname, relnamespace, relowner, relkind, reloptions, relhastriggers, relrowsecurity',
    `relpersistence <> 't' and relkind <> 't'`,
  ],
  ['pg_attribute', 'xmin, attrelid, attnum', ofRelation('attrelid')],
  ['pg_rewrite', 'oid, xmin', ofRelation('ev_class')],
  ['pg_attrdef', 'oid, xmin', ofRelation('adrelid')],
  ['pg_index', 'indexrelid, xmin', ofRelation('indrelid')],
  ['pg_trigger', 'oid, xmin', ofRelation('tgrelid')],
  ['pg_policy', 'oid, xmin', ofRelation('polrelid')],
  ['pg_sequence', 'seqrelid, xmin', ofRelation('seqrelid')],
  ['pg_constraint', 'oid, xmin', inSchema('connamespace')],
  ['pg_proc', 'oid, xmin', inSchema('pronamespace')],
  ['pg_type', 'oid, xmin', inSchema('typnamespace')],
  ['pg_operator', 'oid, xmin', inSchema('oprnamespace')],
  ['pg_opclass', 'oid, xmin', inSchema('opcnamespace')],
  ['pg_collation', 'oid, xmin', inSchema('collnamespace')],
  ['pg_statistic_ext', 'oid, xmin', inSchema('stxnamespace')],
  ['pg_namespace', 'oid, nspname', `nspname !~ '^pg_(?:toast_)?temp_'`],
  ['pg_extension', 'oid, xmin', 'true'],
  ['pg_event_trigger', 'oid, xmin', 'true'],
];

/** What values are written by. */
const VALUE_STATES: typeof STATES = [['pg_enum', 'oid, enumlabel', 'true']];

/** Not a temporary one: those come and go with every session. */
function ofRelation(column: string): string {
  return `${column} >= 16384 and not exists (select from pg_class r where r.oid = ${column} and (r.relpersistence = 't' or r.relkind = 't'))`;
}

function inSchema(column: string): string {
  return `oid >= 16384 and not exists (select from pg_namespace s where s.oid = ${column} and s.nspname ~ '^pg_(?:toast|temp)')`;
}

/** Of one transaction: equal where nothing that counts differs. */
export type SchemaState = string;

/** A statement with one value: of all that is dumped, or, once that is written, of what rows are written by. */
export function stateQuery(of: 'all' | 'values'): string {
  const states = of === 'all' ? [...STATES, ...VALUE_STATES] : VALUE_STATES;
  const parts = states.map(
    ([catalog, columns, condition]) =>
      `select pg_catalog.hashtextextended(pg_catalog.concat_ws('/', '${catalog}', ${columns}), 0)::pg_catalog.numeric as part from pg_catalog.${catalog} where ${condition}`,
  );
  return `select coalesce(pg_catalog.sum(part), 0)::pg_catalog.text as state from (${parts.join(' union all ')}) parts`;
}

/** As it is by now, seen by a session of its own. @throws {ConnectionError} {PgError} */
export async function readStateNow(url: string, of: 'all' | 'values'): Promise<SchemaState> {
  const client = await connectPrivileged({ url, name: 'peakstone dump' });
  try {
    const [result] = await client.script(stateQuery(of));
    return String(onlyRow(result?.rows ?? [])[0]);
  } finally {
    client.close();
  }
}
