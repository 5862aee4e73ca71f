import { type Catalog, CLASS, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

/** Schemas and extensions. */
export async function readSchemas(catalog: Catalog): Promise<DumpObject[]> {
  const schemas = await catalog.rows(`
    select n.oid, n.nspname as name, quote_ident(n.nspname) as quoted, pg_get_userbyid(n.nspowner) as owner
    from pg_namespace n where n.oid = any (${catalog.schemas}) and ${isMade} order by n.nspname`);
  return schemas.map(row => ({
    key: `${CLASS.schema}:${text(row, 'oid')}`,
    kind: 'SCHEMA',
    schema: '',
    name: text(row, 'name'),
    owner: text(row, 'owner'),
    section: 'pre-data',
    // Every database has it already.
    definition: row.name === 'public' ? '' : `CREATE SCHEMA ${text(row, 'quoted')};`,
    dropped: row.name === 'public' ? null : `SCHEMA ${text(row, 'quoted')}`,
    named: `SCHEMA ${text(row, 'quoted')}`,
    dependsOn: new Set(),
  }));
}

const isMade = `not exists (select from pg_depend e where e.classid = ${CLASS.schema} and e.objid = n.oid and e.deptype = 'e')`;

export async function readExtensions(catalog: Catalog): Promise<DumpObject[]> {
  const extensions = await catalog.rows(`
    select e.oid, e.extname as name, quote_ident(e.extname) as quoted, quote_ident(n.nspname) as schema, n.oid as schema_oid,
      n.nspname = 'pg_catalog' as is_built_in
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.oid >= 16384 order by e.extname`);
  return extensions.map(row => ({
    key: `${CLASS.extension}:${text(row, 'oid')}`,
    kind: 'EXTENSION',
    schema: '',
    name: text(row, 'name'),
    owner: null,
    section: 'pre-data',
    definition: `CREATE EXTENSION IF NOT EXISTS ${text(row, 'quoted')} WITH SCHEMA ${text(row, 'schema')};`,
    dropped: `EXTENSION ${text(row, 'quoted')}`,
    named: `EXTENSION ${text(row, 'quoted')}`,
    dependsOn: new Set([`${CLASS.schema}:${text(row, 'schema_oid')}`]),
  }));
}
