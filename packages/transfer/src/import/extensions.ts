import { EXTENSIONS_SCHEMA as HOME, PLATFORM_SCHEMAS, STACK_SCHEMAS } from '@peakstone/kernel/inventory';
import { type Client, quoteIdentifier as id, PgError } from '@peakstone/kernel/pg';
import { type Administrator, HELD, UnlistedError } from './administrator/index.ts';
import type { Note } from './notes.ts';
import type { Survey } from './survey.ts';
import type { World } from './world.ts';

/** Part of every database. */
const BUILT_IN = new Set(['plpgsql']);

interface Preparation {
  readonly administrator: Administrator;
  /** Of the owner. */
  readonly client: Client;
  readonly world: World;
  readonly survey: Survey;
  readonly note: (note: Note) => void;
}

/**
 * Brings the extensions to where the dump names them, before anything that uses them: CREATE EXTENSION IF NOT EXISTS …
 * SCHEMA leaves one that is there where it is, and what the dump calls extensions.citext would not be found.
 */
export async function prepareExtensions(preparation: Preparation): Promise<void> {
  const { administrator, survey, note } = preparation;
  const wanted = Object.entries(survey.extensions).filter(([name]) => !BUILT_IN.has(name));
  if (wanted.length > 0)
    await administrator.do({ kind: 'make home' }).catch(error => note(failed(HOME, mustBeRefusal(error))));
  for (const [name, schema] of wanted) {
    const told = await bringExtension(preparation, name, schema).catch(error =>
      failed(name, mustBeRefusal(error)),
    );
    if (told !== null) note(told);
  }
}

/** What `prepareExtensions` would say of those that are not there, without doing anything. Pure. */
export function absentExtensions(world: World, survey: Survey): readonly Note[] {
  return Object.keys(survey.extensions)
    .filter(name => !BUILT_IN.has(name) && !(name in world.extensions) && !world.available.includes(name))
    .map(absent);
}

async function bringExtension(
  { administrator, client, world }: Preparation,
  name: string,
  wanted: string,
): Promise<Note | null> {
  const present = world.extensions[name];
  if (present === undefined && !world.available.includes(name)) return absent(name);
  const schema = isApplications(wanted, world) ? wanted : HOME;
  if (present !== undefined) {
    // What is here already stays where it is, unless the application's own schema shall have it.
    if (present === schema || (schema === HOME && wanted !== HOME)) return null;
    return await moveExtension({ administrator, client, world }, name, present, schema);
  }
  const own = await ownSchema(administrator, name);
  if (own === null) await makeSchema(client, world, schema);
  return await makeExtension(administrator, name, own === null ? schema : null);
}

async function moveExtension(
  { administrator, client, world }: Pick<Preparation, 'administrator' | 'client' | 'world'>,
  name: string,
  present: string,
  schema: string,
): Promise<Note> {
  try {
    await makeSchema(client, world, schema);
    await administrator.do({ kind: 'move extension', extension: name, schema });
  } catch (error) {
    const refusal = mustBeRefusal(error);
    const hint = refusal instanceof PgError ? refusal.fields.hint : undefined;
    return {
      kind: 'kept',
      what: 'extension',
      name,
      why: `stays in schema ${present}, and the dump names it in ${schema}: ${refusal.message}`,
      ...(hint !== undefined && { remedy: hint }),
    };
  }
  return {
    kind: 'changed',
    what: 'extension',
    name,
    why: `moved from schema ${present} to ${schema}, where the dump names it`,
  };
}

async function makeExtension(
  administrator: Administrator,
  extension: string,
  schema: string | null,
): Promise<Note | null> {
  try {
    await administrator.do({ kind: 'make extension', extension, schema });
    return null;
  } catch (error) {
    if (!(error instanceof PgError) || error.code !== HELD) throw error;
    return {
      kind: 'failed',
      what: 'extension',
      name: extension,
      why: `schema ${schema} holds functions, operators or types of others, which its script might call`,
      remedy: `As the administrator, when you know them: create extension ${id(extension)} schema ${id(schema ?? HOME)}`,
    };
  }
}

/** By the owner, who may or may not. One that somebody has made meanwhile stays theirs. */
async function makeSchema(client: Client, world: World, schema: string): Promise<void> {
  if (schema !== HOME && !world.schemas.includes(schema))
    await client.script(`create schema if not exists ${id(schema)}`);
}

/** The owner's, and neither PostgreSQL's, nor the stack's, nor the platform's: everybody's search path or privileged code may lead there. */
function isApplications(schema: string, world: World): boolean {
  return (
    schema !== '' &&
    !/^(?:pg_|information_schema$)/.test(schema) &&
    !STACK_SCHEMAS.some(({ name }) => name === schema) &&
    !PLATFORM_SCHEMAS.some(({ name, left }) => name === schema && left) &&
    !world.foreignSchemas.includes(schema)
  );
}

/** As of pg_cron, whose script says where it belongs; null where that is left open. */
async function ownSchema({ onlooker }: Administrator, name: string): Promise<string | null> {
  const { rows } = await onlooker.query(
    `select v.schema from pg_available_extension_versions v join pg_available_extensions a
      on a.name = v.name and a.default_version = v.version where v.name = $1`,
    [name],
  );
  return rows[0]?.[0]?.toString() ?? null;
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

function failed(name: string, error: PgError | UnlistedError): Note {
  const hint = error instanceof PgError ? error.fields.hint : undefined;
  return {
    kind: 'failed',
    what: 'extension',
    name,
    why: error.message,
    ...(hint !== undefined && { remedy: hint }),
  };
}

/** What is no answer to what was asked, such as that the server is gone, ends the import. */
function mustBeRefusal(error: unknown): PgError | UnlistedError {
  if (error instanceof PgError || error instanceof UnlistedError) return error;
  throw error;
}
