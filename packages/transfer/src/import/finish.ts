import {
  isNotPostgres,
  rolesWhere,
  STRANGER_ROLES,
  SUPABASE_REQUEST_ROLES,
  schemasWith,
  VISITOR_ROLES,
} from '@peakstone/kernel/inventory';
import { type Client, quoteIdentifier as id, quoteLiteral as literal, PgError } from '@peakstone/kernel/pg';
import type { Administrator, Onlooker } from './administrator/index.ts';
import { texts } from './journal.ts';
import type { Note, Notes } from './notes.ts';
import type { Survey } from './survey.ts';
import type { World } from './world.ts';

/** The stack's roles that no request takes on, and what the bootstrap gives them by default. */
const READERS = rolesWhere(({ rows, asks }) => rows === 'read' && !asks);
const WRITERS = rolesWhere(({ rows, asks }) => rows === 'write' && !asks);

interface Finish {
  readonly administrator: Administrator;
  readonly client: Client;
  readonly world: World;
  readonly survey: Survey;
  readonly notes: Notes;
}

/**
 * What is left when all is imported: the stack's own roles see it, where the dump does not say what they may, default
 * privileges are as they were, planners know how much there is, and what the owner could do for the time of the import it
 * can no more. What the server refuses of it is told, as an import must come to its end. Idempotent.
 * @returns tables that requests without a login may write, as no row security is on.
 */
export async function finishImport(
  { administrator, client, world, survey, notes }: Finish,
  grantToRequests: boolean,
): Promise<readonly string[]> {
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      const { hint } = error.fields;
      const what = 'privileges';
      notes.add({ kind: 'failed', what, name, why: error.message, ...(hint && { remedy: hint }) });
    }
  };
  if (grantToRequests) await attempt('roles of requests', () => grantAsSupabase(client, survey));
  if (!survey.isWhole)
    await attempt('roles of requests', async () => {
      for (const note of await closeUnsaid(client, world, survey)) notes.add(note);
    });
  const closed = schemasWith('closed').map(literal).join(', ');
  const schemas = (
    await administrator.onlooker.query(
      `select nspname from pg_namespace where ${isNotPostgres('nspname')} and nspname not in (${closed}) and pg_has_role(${literal(world.owner)}, nspowner, 'usage')`,
    )
  ).rows.map(([name]) => String(name));
  const isUnsaid = (role: string): boolean => world.roles.includes(role) && !survey.privileged.has(role);
  for (const schema of schemas) {
    await attempt(schema, async () => {
      for (const reader of READERS.filter(isUnsaid)) {
        await client.script(`grant usage on schema ${id(schema)} to ${id(reader)}`);
        await grantOwn(client, schema, reader, [['tables', 'select']]);
      }
      for (const writer of WRITERS.filter(isUnsaid)) {
        await client.script(`grant usage on schema ${id(schema)} to ${id(writer)}`);
        await grantOwn(client, schema, writer, [
          ['tables', 'select, insert, update, delete'],
          ['sequences', 'usage, select'],
        ]);
      }
    });
  }
  await giveBack(administrator, client, world, attempt);
  await client.script('analyze');
  await administrator.do({ kind: 'tell apis' });
  return await findOpenTables(administrator.onlooker);
}

/** The owner has no more than before the import, and gives by default what it gave. Idempotent. */
export async function giveBack(
  administrator: Administrator,
  client: Client,
  world: World,
  attempt: (name: string, work: () => Promise<void>) => Promise<void> = (_, work) => work(),
): Promise<void> {
  for (const statement of world.defaults.grant)
    await attempt('by default', async () => void (await client.script(statement)));
  if (world.foreignSchemas.includes('auth')) await administrator.do({ kind: 'close auth' });
}

type Kind = 'tables' | 'sequences' | 'routines';

/** What a kind of object is in the catalogs, and what of it is the session's to give. */
const OWN: Readonly<Record<Kind, { readonly word: string; readonly from: string }>> = {
  tables: { word: 'table', from: own('pg_class', 'rel', `o.relkind in ('r', 'p', 'v', 'm', 'f')`) },
  sequences: { word: 'sequence', from: own('pg_class', 'rel', `o.relkind = 'S'`) },
  routines: { word: 'routine', from: own('pg_proc', 'pro', 'true') },
};

/**
 * Privileges of what is in a schema and the owner's own: one statement for all of it would fail of what is the
 * administrator's there, such as the views of an extension.
 * @param grantee quoted already where it is a list
 */
async function grantOwn(
  client: Client,
  schema: string,
  grantee: string,
  privileges: readonly (readonly [kind: Kind, privileges: string])[],
  condition = 'true',
): Promise<void> {
  for (const [kind, given] of privileges) {
    const { word, from } = OWN[kind];
    await client.script(
      `do ${literal(`declare name text; begin
      for name in ${from} and n.nspname = ${literal(schema)} and ${condition} loop
        execute 'grant ${given} on ${word} ' || name || ${literal(` to ${grantee}`)};
      end loop;
    end`)}`,
    );
  }
}

function own(catalog: string, prefix: string, condition: string): string {
  return `select o.oid::${catalog === 'pg_proc' ? 'regprocedure' : 'regclass'}::text
      from pg_catalog.${catalog} o join pg_catalog.pg_namespace n on n.oid = o.${prefix}namespace
      where ${condition} and pg_catalog.pg_has_role(o.${prefix}owner, 'usage')
        and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass
          and d.objid = o.oid and d.deptype = 'e')`;
}

/** A condition: the object `o` of a schema `n` is one that the dump makes, which may leave the schema to the search path. */
function isOfDump(survey: Survey, column: 'relname' | 'proname'): string {
  const names = `array[${[...survey.created].map(literal).join(', ')}]::text[]`;
  return `(n.nspname || '.' || o.${column} = any (${names}) or o.${column} = any (${names}))`;
}

/**
 * What may have been cut off would have closed them: tables and views on which no row security is, and functions that act
 * as their owner, are nobody's but the owner's. Idempotent.
 * @returns what is told of it
 */
async function closeUnsaid(client: Client, world: World, survey: Survey): Promise<readonly Note[]> {
  const strangers = STRANGER_ROLES.filter(role => world.roles.includes(role)).map(id);
  const closed: Note[] = [];
  for (const { kind, condition, why } of [
    {
      kind: 'tables',
      condition: `${isOfDump(survey, 'relname')} and not o.relrowsecurity`,
      why: 'no request may read or write them, as the dump may be cut off and says no row security of them',
    },
    {
      kind: 'routines',
      condition: `${isOfDump(survey, 'proname')} and o.prosecdef`,
      why: 'no request may call them, as the dump may be cut off and they act as their owner',
    },
  ] as const) {
    const { word, from } = OWN[kind];
    for (const [name] of await texts(client, `${from} and ${condition} order by 1`)) {
      await client.script(`revoke all on ${word} ${name} from public, ${strangers.join(', ')}`);
      closed.push({
        kind: 'warning',
        what: word,
        name: name!,
        why,
        remedy: `Where it shall be open: grant … on ${word} ${name} to …`,
      });
    }
  }
  return closed;
}

/**
 * What every Supabase project gives the roles of requests, where a dump does not say it: all that it makes in public, and,
 * where row security decides, of storage.
 */
async function grantAsSupabase(client: Client, survey: Survey): Promise<void> {
  const roles = SUPABASE_REQUEST_ROLES.map(id).join(', ');
  await client.script(`grant usage on schema public to ${roles}`);
  const relations = isOfDump(survey, 'relname');
  await grantOwn(client, 'public', roles, [['tables', 'all']], relations);
  await grantOwn(client, 'public', roles, [['sequences', 'all']], relations);
  await grantOwn(client, 'public', roles, [['routines', 'all']], isOfDump(survey, 'proname'));
  const withRowSecurity = `o.relkind in ('r', 'p') and o.relrowsecurity`;
  await client.script(
    `do ${literal(`begin
    if exists (${OWN.tables.from} and n.nspname = 'storage' and ${withRowSecurity}) then
      grant usage on schema storage to ${roles};
    end if;
  end`)}`,
  );
  await grantOwn(client, 'storage', roles, [['tables', 'all']], withRowSecurity);
}

/** Supabase gives everything in public to anon: without row security a table is open to the world. */
async function findOpenTables(onlooker: Onlooker): Promise<readonly string[]> {
  const { rows } = await onlooker.query(`
    select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relrowsecurity and n.nspname !~ '^pg_'
      and exists (select from pg_roles r where r.rolname in (${VISITOR_ROLES.map(literal).join(', ')}) and has_schema_privilege(r.oid, n.oid, 'usage')
        and has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate'))
    order by 1`);
  return rows.map(([name]) => String(name));
}
