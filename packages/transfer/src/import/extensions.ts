import { EXTENSIONS_SCHEMA as HOME, PLATFORM_SCHEMAS, STACK_SCHEMAS } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal, PgError, type Pool } from '@peakstone/kernel/pg';
import type { Note } from './notes.ts';
import type { Survey } from './survey.ts';
import type { World } from './world.ts';

/** Part of every database. */
const BUILT_IN = new Set(['plpgsql']);

/**
 * Brings the extensions to where the dump names them, before anything that uses them: CREATE EXTENSION IF NOT EXISTS …
 * SCHEMA leaves one that is there where it is, and what the dump calls extensions.citext would not be found.
 */
export async function prepareExtensions(
  admin: Pool,
  world: World,
  survey: Survey,
  note: (note: Note) => void,
): Promise<void> {
  await admin.script(`create schema if not exists ${HOME}; grant usage on schema ${HOME} to public`);
  for (const [name, wanted] of Object.entries(survey.extensions)) {
    if (BUILT_IN.has(name)) continue;
    const told = await planExtension(admin, world, name, wanted).catch(error => {
      if (!(error instanceof PgError)) throw error;
      return failed(name, error);
    });
    if (told !== null) note(told);
  }
}

/** What `prepareExtensions` would say of those that are not there, without doing anything. Pure. */
export function absentExtensions(world: World, survey: Survey): readonly Note[] {
  return Object.keys(survey.extensions)
    .filter(name => !BUILT_IN.has(name) && !(name in world.extensions) && !world.available.includes(name))
    .map(absent);
}

async function planExtension(admin: Pool, world: World, name: string, wanted: string): Promise<Note | null> {
  const present = world.extensions[name];
  if (present === undefined && !world.available.includes(name)) return absent(name);
  const schema = isApplications(wanted) ? wanted : HOME;
  // What is here already stays where it is, unless the application's own schema shall have it.
  if (present === schema || (present !== undefined && schema === HOME && wanted !== HOME)) return null;
  const own = present === undefined ? await ownSchema(admin, name) : null;
  if (own !== null) return await createExtension(admin, world, { name, schema: own, isItsOwn: true });
  if (!world.schemas.includes(schema)) {
    // One that somebody has made meanwhile stays theirs.
    await admin.script(`create schema if not exists ${id(schema)} authorization ${id(world.owner)}`);
  }
  if (present !== undefined) {
    await admin.script(`alter extension ${id(name)} set schema ${id(schema)}`);
    return {
      kind: 'changed',
      what: 'extension',
      name,
      why: `moved from schema ${present} to ${schema}, where the dump names it`,
    };
  }
  return await createExtension(admin, world, { name, schema, isItsOwn: false });
}

interface Place {
  readonly name: string;
  readonly schema: string;
  /** The extension says itself where it belongs. */
  readonly isItsOwn: boolean;
}

/** What is not one of PostgreSQL's own codes. */
const HELD = 'PS001';

/**
 * Its script runs as the administrator, and would find what lesser roles have put into its schema: nobody makes anything there
 * while it is looked and made, and who has begun to is waited for.
 */
async function createExtension(
  admin: Pool,
  world: World,
  { name, schema, isItsOwn }: Place,
): Promise<Note | null> {
  const create = `create extension if not exists ${id(name)}${isItsOwn ? '' : ` schema ${id(schema)}`}`;
  if (schema === HOME) {
    await admin.script(create);
    return null;
  }
  try {
    await admin.script(
      `do ${literal(`declare others text[]; patience timestamptz := clock_timestamp() + ${PATIENCE};
      begin
        ${world.isSuperuser ? HOLD_STILL : ''}
        if ${holdsCode(schema)} then raise exception using errcode = ${literal(HELD)}; end if;
        ${create};
      end`)}`,
    );
    return null;
  } catch (error) {
    if (!(error instanceof PgError) || error.code !== HELD) throw error;
    return {
      kind: 'failed',
      what: 'extension',
      name,
      why: `schema ${schema} holds functions, operators or types of others, which its script might call`,
      remedy: `As the administrator, when you know them: create extension ${id(name)} schema ${id(schema)}`,
    };
  }
}

const PATIENCE = `interval '20 seconds'`;

/**
 * A lock on a catalog is given back at once by who has written to it, and what they wrote is seen when they commit: so the
 * transactions that were under way in this database are waited for, behind locks that let nobody begin.
 */
const HOLD_STILL = `
  perform set_config('lock_timeout', '20s', true);
  lock table pg_catalog.pg_proc, pg_catalog.pg_operator, pg_catalog.pg_type in share row exclusive mode;
  select array_agg(l.transactionid::text) into others from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'transactionid' and l.granted and l.mode = 'ExclusiveLock' and l.pid is distinct from pg_backend_pid()
      and (a.datname is null or a.datname = current_database());
  while exists (select from pg_locks l where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
      and l.transactionid::text = any (others)) loop
    if clock_timestamp() > patience then
      raise exception 'other transactions write to this database' using hint = 'Import again when they have ended.';
    end if;
    perform pg_sleep(0.05);
  end loop;`;

/** Neither PostgreSQL's, nor the stack's, nor the platform's: everybody's search path or privileged code may lead there. */
function isApplications(schema: string): boolean {
  return (
    schema !== '' &&
    !/^(?:pg_|information_schema$)/.test(schema) &&
    !STACK_SCHEMAS.some(({ name }) => name === schema) &&
    !PLATFORM_SCHEMAS.some(({ name, left }) => name === schema && left)
  );
}

/** As of pg_cron, whose script says where it belongs; null where that is left open. */
async function ownSchema(admin: Pool, name: string): Promise<string | null> {
  const { rows } = await admin.query(
    `select v.schema from pg_available_extension_versions v join pg_available_extensions a
      on a.name = v.name and a.default_version = v.version where v.name = ${literal(name)}`,
  );
  return rows[0]?.[0]?.toString() ?? null;
}

/** A condition in SQL. */
function holdsCode(schema: string): string {
  const ofOthers = (catalog: string, owner: string, namespace: string): string =>
    `exists (select from pg_catalog.${catalog} o join pg_catalog.pg_roles r on r.oid = o.${owner}
      join pg_catalog.pg_namespace n on n.oid = o.${namespace} where n.nspname = ${literal(schema)} and not r.rolsuper)`;
  return [
    ofOthers('pg_proc', 'proowner', 'pronamespace'),
    ofOthers('pg_operator', 'oprowner', 'oprnamespace'),
    ofOthers('pg_type', 'typowner', 'typnamespace'),
  ].join(' or ');
}

function absent(name: string): Note {
  return {
    kind: 'aside',
    what: 'extension',
    name,
    why: 'not part of this server',
    remedy:
      'A PostgreSQL that has it: DATABASE_ENGINE=system with its package installed, or the URL of another server.',
  };
}

function failed(name: string, error: PgError): Note {
  return {
    kind: 'failed',
    what: 'extension',
    name,
    why: error.message,
    ...(error.fields.hint && { remedy: error.fields.hint }),
  };
}
