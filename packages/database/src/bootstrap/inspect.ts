import { createHash } from 'node:crypto';
import { STACK_EXTENSIONS, type StackExtension } from '@peakstone/kernel/inventory';
import { arrayLiteral, type Pool } from '@peakstone/kernel/pg';
import { DatabaseError } from '../errors.ts';
import { FINGERPRINT_SQL } from './fingerprint.ts';
import { type BootstrapOptions, ORIGINAL_SCHEMAS } from './model.ts';
import { isTrusted } from './sql.ts';

/** Memberships have had options of their own since PostgreSQL 16, and values can be tested for a type. */
const MIN_VERSION = 160_000;

/** What the bootstrap finds. */
export interface ServerState {
  readonly isSuperuser: boolean;
  readonly version: number;
  /** What the stack serves where nobody has said what. */
  readonly usualSchemas: readonly string[];
  /** Of the stack's extensions, those that can be made. */
  readonly extensions: readonly StackExtension[];
  /** By role; undefined when this login may not see them. */
  readonly verifiers: ReadonlyMap<string, string | null> | undefined;
  /** What the last bootstrap left; undefined when there was none. */
  readonly state:
    | {
        readonly plan: string;
        readonly parts: Readonly<Record<string, string>>;
        readonly schemas: readonly string[];
      }
    | undefined;
}

/**
 * Looks at the server, changing nothing.
 * @param names Accounts whose verifiers are wanted.
 * @throws {DatabaseError} WRONG_MAJOR_VERSION
 */
export async function inspectServer(pool: Pool, names: readonly string[]): Promise<ServerState> {
  const [row] = (
    await pool.query(
      `select json_build_object('version', current_setting('server_version_num')::int, 'super', (select rolsuper from pg_roles where rolname = current_user),
         'hasState', exists (
           select from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'peakstone' and c.relname = 'bootstrap' and has_schema_privilege(n.oid, 'usage')
             -- A table of somebody else's could have us run its triggers and rules.
             and c.relkind = 'r' and ${isTrusted('c.relowner')} and ${isTrusted('n.nspowner')}),
         'preload', (select setting from pg_settings where name = 'shared_preload_libraries'),
         'cron', coalesce(current_setting('cron.database_name', true), '') = current_database(),
         'extensions', (select json_agg(name) from pg_available_extensions where name = any($1::text[])),
         'schemas', (select json_agg(nspname) from pg_namespace where nspname = any($2::text[])))`,
      [arrayLiteral(STACK_EXTENSIONS.map(({ name }) => name)), arrayLiteral(ORIGINAL_SCHEMAS)],
    )
  ).rows;
  const found = JSON.parse(String(row?.[0])) as {
    version: number;
    super: boolean;
    hasState: boolean;
    preload: string | null;
    cron: boolean;
    extensions: string[] | null;
    schemas: string[] | null;
  };
  if (found.version < MIN_VERSION) {
    throw new DatabaseError(
      'WRONG_MAJOR_VERSION',
      `The server is PostgreSQL ${Math.floor(found.version / 10_000)}; the stack needs ${MIN_VERSION / 10_000} or newer, and is made for 17.`,
      'Upgrade it, or use the embedded one (DATABASE_ENGINE=embedded). Nothing was changed.',
    );
  }
  const preload = found.preload?.split(',').map(name => name.trim());
  // A login that may not see the setting finds out by trying.
  const usable = ({ name, needsPreload }: StackExtension) =>
    preload === undefined || !needsPreload || (preload.includes(name) && (name !== 'pg_cron' || found.cron));
  const state = found.hasState ? await readState(pool) : undefined;
  const original = ORIGINAL_SCHEMAS.filter(name => name === 'public' || found.schemas?.includes(name));
  return {
    isSuperuser: found.super,
    version: found.version,
    usualSchemas: state?.schemas ?? original,
    extensions: STACK_EXTENSIONS.filter(
      extension => found.extensions?.includes(extension.name) && usable(extension),
    ),
    verifiers: found.super ? await readVerifiers(pool, names) : undefined,
    state,
  };
}

async function readVerifiers(
  pool: Pool,
  names: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const { rows } = await pool.query(
    'select rolname, rolpassword from pg_authid where rolname = any($1::text[])',
    [arrayLiteral(names)],
  );
  return new Map(rows.map(row => [String(row[0]), row[1]?.toString() ?? null]));
}

async function readState(pool: Pool): Promise<ServerState['state']> {
  const { rows } = await pool.query(
    "select json_build_object('plan', plan, 'parts', parts, 'schemas', schemas) from peakstone.bootstrap",
  );
  const text = rows[0]?.[0];
  return text ? (JSON.parse(text.toString()) as ServerState['state']) : undefined;
}

/** The part that says what was looked at: digests of another version's look say nothing beside ours. */
export const LOOKED_AT = 'fingerprint';
const WHAT = createHash('sha256').update(FINGERPRINT_SQL).digest('hex');

/** Digests of what the bootstrap makes, by part. */
export async function fingerprint(
  pool: Pool,
  schemas: readonly string[],
  roles: readonly string[],
): Promise<Record<string, string>> {
  const { rows } = await pool.query(FINGERPRINT_SQL, [
    arrayLiteral(schemas),
    arrayLiteral(roles),
    arrayLiteral(STACK_EXTENSIONS.map(({ name }) => name)),
  ]);
  return { [LOOKED_AT]: WHAT, ...Object.fromEntries(rows.map(row => [String(row[0]), String(row[1])])) };
}

/** Every account whose password is the bootstrap's to set: name and password. */
export function accounts(options: BootstrapOptions): (readonly [string, string])[] {
  const { superuser } = options;
  return [
    ...Object.entries(options.passwords).filter(([, password]) => password !== ''),
    ...(superuser ? [[superuser.name, superuser.password] as const] : []),
  ];
}
