/** Asks beforehand what a role may do, where the request itself would cost much. */
import type { Routine, Table } from '@peakstone/kernel/catalog';
import { PgError, type Sql } from '@peakstone/kernel/pg';
import type { RestCall } from '../context.ts';
import { quote } from '../sql/writer.ts';

const kindNames: Readonly<Record<Table['kind'], string>> = {
  table: 'table',
  partitioned: 'table',
  view: 'view',
  materialized: 'materialized view',
  foreign: 'foreign table',
};

type Privilege = 'SELECT' | 'INSERT' | 'UPDATE';

/** By its name in the catalogs, which is looked up without a privilege on the schema: the login role may have none. */
const onRelation = `select pg_catalog.has_any_column_privilege(r, c.oid, $2) or pg_catalog.has_table_privilege(r, c.oid, $2)
  from pg_catalog.to_regrole($1) r, pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $3 and c.relname = $4`;

const onRoutines = `select pg_catalog.bool_or(pg_catalog.has_function_privilege(pg_catalog.to_regrole($1), oid, 'EXECUTE'))
  from pg_catalog.unnest($2::pg_catalog.oid[]) oid`;

/** That the role has the privilege on a column at least. @throws {PgError} 42501 */
export async function assertPrivilege(table: Table, privilege: Privilege, call: RestCall): Promise<void> {
  const { schema, name, kind } = table;
  if (await isRefused(call, { text: onRelation, values: [privilege, schema, name] }))
    throw denied(kindNames[kind], name);
}

/** That the role may call one of them. @throws {PgError} 42501 */
export async function assertExecutable(
  name: string,
  overloads: readonly Routine[],
  call: RestCall,
): Promise<void> {
  const oids = `{${overloads.map(each => each.oid).join(',')}}`;
  if (await isRefused(call, { text: onRoutines, values: [oids] })) throw denied('function', name);
}

/** Whether the database says no; a role or relation that it does not know is for the statement itself to meet. */
async function isRefused({ pool, identity, config }: RestCall, { text, values }: Sql): Promise<boolean> {
  // A function that runs before the statement may take another role.
  if (config.dbPreRequest) return false;
  const { rows } = await pool.query(text, [quote(identity.role), ...values]);
  return rows[0]?.[0]?.toString() === 'f';
}

/** As the database would say it. */
const denied = (kind: string, name: string): PgError =>
  new PgError({ severity: 'ERROR', code: '42501', message: `permission denied for ${kind} ${name}` });
