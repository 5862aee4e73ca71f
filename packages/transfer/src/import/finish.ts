import {
  isNotPostgres,
  rolesWhere,
  SUPABASE_REQUEST_ROLES,
  schemasWith,
  VISITOR_ROLES,
} from '@peakstone/kernel/inventory';
import { type Client, quoteIdentifier as id, quoteLiteral as literal, type Pool } from '@peakstone/kernel/pg';
import type { Survey } from './survey.ts';
import type { World } from './world.ts';

/** The stack's roles that no request takes on, and what the bootstrap gives them by default. */
const READERS = rolesWhere(({ rows, asks }) => rows === 'read' && !asks);
const WRITERS = rolesWhere(({ rows, asks }) => rows === 'write' && !asks);

/**
 * What is left when all is imported: the stack's own roles see it, where the dump does not say what they may, default privileges are as they were, planners know
 * how much there is, and what the owner could do for the time of the import it can no more. Idempotent.
 * @returns tables that requests without a login may write, as no row security is on.
 */
export async function finishImport(
  admin: Pool,
  client: Client,
  world: World,
  survey: Survey,
  grantToRequests: boolean,
): Promise<readonly string[]> {
  if (grantToRequests) await grantAsSupabase(client);
  const closed = schemasWith('closed').map(literal).join(', ');
  const schemas = (
    await admin.query(
      `select nspname from pg_namespace where ${isNotPostgres('nspname')} and nspname not in (${closed}) and pg_has_role(${literal(world.owner)}, nspowner, 'usage')`,
    )
  ).rows.map(([name]) => id(String(name)));
  const isUnsaid = (role: string): boolean => world.roles.includes(role) && !survey.privileged.has(role);
  for (const schema of schemas) {
    for (const reader of READERS.filter(isUnsaid))
      await client.script(
        `grant usage on schema ${schema} to ${reader}; grant select on all tables in schema ${schema} to ${reader}`,
      );
    for (const writer of WRITERS.filter(isUnsaid))
      await client.script(
        `grant usage on schema ${schema} to ${writer}; grant select, insert, update, delete on all tables in schema ${schema} to ${writer};
        grant usage, select on all sequences in schema ${schema} to ${writer}`,
      );
  }
  await giveBack(admin, client, world);
  await client.script('analyze');
  await admin.script(`select pg_notify('pgrst', 'reload schema')`);
  return await findOpenTables(admin);
}

/** The owner has no more than before the import, and gives by default what it gave. Idempotent. */
export async function giveBack(admin: Pool, client: Client, world: World): Promise<void> {
  for (const statement of world.defaults.grant) await client.script(statement);
  if (world.foreignSchemas.includes('auth'))
    await admin.script(`revoke create on schema auth from ${id(world.owner)}`);
}

/**
 * What every Supabase project gives the roles of requests, where a dump does not say it: all of public, and, where row
 * security decides, of storage.
 */
async function grantAsSupabase(client: Client): Promise<void> {
  const roles = SUPABASE_REQUEST_ROLES.map(id).join(', ');
  await client.script(`grant usage on schema public to ${roles};
    grant all on all tables in schema public to ${roles}; grant all on all sequences in schema public to ${roles};
    grant all on all routines in schema public to ${roles};
    do $grant$ declare name text; begin
      for name in select pg_catalog.format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = 'storage' and c.relkind in ('r', 'p') and c.relrowsecurity loop
        execute pg_catalog.format('grant usage on schema storage to ${roles}; grant all on %s to ${roles}', name);
      end loop;
    end $grant$`);
}

/** Supabase gives everything in public to anon: without row security a table is open to the world. */
async function findOpenTables(admin: Pool): Promise<readonly string[]> {
  const { rows } = await admin.query(`
    select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relrowsecurity and n.nspname !~ '^pg_'
      and exists (select from pg_roles r where r.rolname in (${VISITOR_ROLES.map(literal).join(', ')}) and has_schema_privilege(r.oid, n.oid, 'usage')
        and has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate'))
    order by 1`);
  return rows.map(([name]) => String(name));
}
