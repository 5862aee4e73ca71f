/** Which relations and functions are which, whatever they are called by now. */
import { TRUST_CATALOG_ONLY } from '@peakstone/kernel/pg';
import type { CatalogReader } from './reader.ts';

interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

export interface Identity {
  readonly oid: number;
  readonly name: QualifiedName;
}

export interface RelationIdentity extends Identity {
  /** By their numbers, which outlast names. */
  readonly columns: ReadonlyMap<string, string>;
}

/** `$1`: a list of `{oid}`, or of `{schema, name}`. */
const relationsSql = `select json_build_array(c.oid::bigint, n.nspname, c.relname,
  coalesce((select json_object_agg(a.attnum, a.attname) from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '{}'))
from json_to_recordset($1::json) as wanted(oid bigint, schema text, name text)
join pg_class c on c.relkind in ('r', 'p', 'v', 'm', 'f') and (c.oid::bigint = wanted.oid or c.relname = wanted.name)
join pg_namespace n on n.oid = c.relnamespace and (wanted.oid is not null or n.nspname = wanted.schema)`;

/** `$1`: a list of `{schema, name}`. */
const functionsSql = `select json_build_array(p.oid::bigint, n.nspname, p.proname)
from json_to_recordset($1::json) as wanted(schema text, name text)
join pg_namespace n on n.nspname = wanted.schema
join pg_proc p on p.pronamespace = n.oid and p.proname = wanted.name and p.prokind = 'f'`;

/** Those that are there. @throws {PgError} */
export async function identifyRelations(
  reader: CatalogReader,
  wanted: readonly (QualifiedName | { readonly oid: number })[],
): Promise<readonly RelationIdentity[]> {
  const cells = await ask(reader, relationsSql, wanted);
  return cells.map(cell => {
    const [oid, schema, name, columns] = cell as [number, string, string, Record<string, string>];
    return { oid, name: { schema, name }, columns: new Map(Object.entries(columns)) };
  });
}

/** Every overload of them. @throws {PgError} */
export async function identifyFunctions(
  reader: CatalogReader,
  wanted: readonly QualifiedName[],
): Promise<readonly Identity[]> {
  const cells = await ask(reader, functionsSql, wanted);
  return cells.map(cell => {
    const [oid, schema, name] = cell as [number, string, string];
    return { oid, name: { schema, name } };
  });
}

async function ask(reader: CatalogReader, text: string, wanted: unknown): Promise<readonly unknown[]> {
  const [, result] = await reader.exchange({
    statements: [TRUST_CATALOG_ONLY, { text, values: [JSON.stringify(wanted)], prepare: false }],
  });
  return result!.rows.map(([cell]) => JSON.parse(cell!.toString()) as unknown);
}
