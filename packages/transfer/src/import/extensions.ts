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
  if (present === undefined && (await hasSchemaOfItsOwn(admin, name))) {
    await admin.script(`create extension if not exists ${id(name)}`);
    return null;
  }
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
  // Its script runs as the administrator, and would find what lesser roles have put there.
  if (schema !== HOME && (await holdsCode(admin, schema)))
    return {
      kind: 'failed',
      what: 'extension',
      name,
      why: `schema ${schema} holds functions, operators or types of others, which its script might call`,
      remedy: `As the administrator, when you know them: create extension ${id(name)} schema ${id(schema)}`,
    };
  await admin.script(`create extension if not exists ${id(name)} schema ${id(schema)}`);
  return null;
}

/** Neither PostgreSQL's, nor the stack's, nor the platform's: everybody's search path or privileged code may lead there. */
function isApplications(schema: string): boolean {
  return (
    schema !== '' &&
    !/^(?:pg_|information_schema$)/.test(schema) &&
    !STACK_SCHEMAS.some(({ name }) => name === schema) &&
    !PLATFORM_SCHEMAS.some(({ name, left }) => name === schema && left)
  );
}

/** As pg_cron and plpgsql, whose scripts say where they belong. */
async function hasSchemaOfItsOwn(admin: Pool, name: string): Promise<boolean> {
  const { rows } = await admin.query(
    `select v.schema is not null from pg_available_extension_versions v join pg_available_extensions a
      on a.name = v.name and a.default_version = v.version where v.name = ${literal(name)}`,
  );
  return rows[0]?.[0]?.toString() === 't';
}

async function holdsCode(admin: Pool, schema: string): Promise<boolean> {
  const { rows } = await admin.query(
    `select exists (select from pg_proc p join pg_roles r on r.oid = p.proowner where p.pronamespace = n.oid and not r.rolsuper)
      or exists (select from pg_operator o join pg_roles r on r.oid = o.oprowner where o.oprnamespace = n.oid and not r.rolsuper)
      or exists (select from pg_type t join pg_roles r on r.oid = t.typowner where t.typnamespace = n.oid and not r.rolsuper)
    from pg_namespace n where n.nspname = ${literal(schema)}`,
  );
  return rows[0]?.[0]?.toString() === 't';
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
