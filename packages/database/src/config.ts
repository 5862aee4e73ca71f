import { isIP } from 'node:net';
import path from 'node:path';
import {
  ConfigError,
  readBoolean,
  readInt,
  readList,
  readSecret,
  readString,
  suggest,
} from '@peakstone/kernel/config';
import type { LoginRole } from '@peakstone/kernel/inventory';
import { ConnectionError, parseConninfo, withLogin } from '@peakstone/kernel/pg';
import { parsePort } from '@peakstone/kernel/ports';
import type { Env } from '@peakstone/kernel/service';
import type { BinariesChoice } from './binaries/find.ts';
import type { RoleSettings, SupabaseMode } from './bootstrap/model.ts';
import { readRoleSettings, readSupabaseMode } from './bootstrap/settings.ts';
import { readSchemas } from './schemas.ts';
import type { PortChoice } from './server/ports.ts';

/** Which PostgreSQL: programs that we run, or a server that somebody else does. */
export type DatabaseEngine =
  | { readonly kind: 'local'; readonly binaries: BinariesChoice }
  /** `url` is an administrator's: superuser, or a role with CREATEROLE that owns the database. */
  | { readonly kind: 'external'; readonly url: string };

export interface DatabaseConfig {
  readonly engine: DatabaseEngine;
  /** Absolute. Unused when external. */
  readonly dataDir: string;
  readonly database: string;
  readonly superuser: string;
  readonly superuserPassword: string;
  readonly passwords: Readonly<Record<LoginRole, string>>;
  /** Undefined: what the database has had so far; `public` for a new one. */
  readonly schemas: readonly string[] | undefined;
  readonly supabase: SupabaseMode;
  readonly roleSettings: RoleSettings;
  readonly port: PortChoice;
  readonly listenAddresses: string;
  readonly networks: readonly string[];
  readonly timezone: string;
  readonly adopt: boolean;
  readonly maxConnections: number;
  /** Of one session, beside what all share; 0 for any. Undefined: by the machine's memory. */
  readonly sessionMemoryMb: number | undefined;
}

/** Without the console nobody logs in as its operators. */
function consolePasswords(env: Env): Record<'console_viewer' | 'console_editor', string> {
  const isOn = env.PEAKSTONE_CONSOLE === 'true';
  return {
    console_viewer: (isOn && env.CONSOLE_VIEWER_PASSWORD) || '',
    console_editor: (isOn && env.CONSOLE_EDITOR_PASSWORD) || '',
  };
}

const DEFAULT_PORT = 5432;
const GENERATED = 'It is generated on the first start; see peakstone secrets.';

/**
 * Reads the database's settings. Pure.
 *
 * `DATABASE_ENGINE` chooses: `auto` (default: an installed PostgreSQL 17, else the embedded one), `embedded`, `system`,
 * or the URL of a server. Others: `DATABASE_DIR`, `DATABASE_SCHEMAS`, `DATABASE_SUPABASE`, `DATABASE_ADOPT`,
 * `DATABASE_LISTEN`, `DATABASE_NETWORKS`, `DATABASE_MAX_CONNECTIONS`,
 * `DATABASE_SESSION_MEMORY_MB`, those of `readRoleSettings`, and the original
 * stack's `POSTGRES_*`, `TZ` and role passwords.
 * @throws {ConfigError} naming the variable and the shape it expects.
 */
export function readDatabaseConfig(env: Env): DatabaseConfig {
  const engine = readEngine(env);
  const local = engine.kind === 'local';
  const password = (name: string) => readSecret(env, name, { hint: GENERATED });
  return {
    engine,
    dataDir: path.resolve(readString(env, 'DATABASE_DIR', { default: '.peakstone/postgres' })),
    database: local ? readName(env, 'POSTGRES_DB', 'postgres') : databaseOf(engine.url),
    superuser: readName(env, 'POSTGRES_SUPERUSER', 'postgres'),
    superuserPassword: local ? password('POSTGRES_SUPERPASS') : '',
    passwords: {
      db_authenticator: password('DB_AUTHENTICATOR_PASSWORD'),
      hasura: password('HASURA_DB_PASSWORD'),
      db_migrator: password('DB_MIGRATOR_PASSWORD'),
      // A container's stack may have been configured before there were these.
      db_backup: env.DB_BACKUP_PASSWORD ?? '',
      ...consolePasswords(env),
    },
    schemas: readSchemas(env),
    supabase: readSupabaseMode(env),
    roleSettings: readRoleSettings(env),
    port: readPortChoice(env),
    listenAddresses: readAddresses(env),
    networks: readNetworks(env),
    timezone: readTimeZone(env),
    adopt: readBoolean(env, 'DATABASE_ADOPT', { default: false }),
    maxConnections: readInt(env, 'DATABASE_MAX_CONNECTIONS', { default: 100, min: 20, max: 10_000 }),
    sessionMemoryMb: readSessionMemory(env),
  };
}

/** Less than the least would not let a session begin. */
function readSessionMemory(env: Env): number | undefined {
  if (!env.DATABASE_SESSION_MEMORY_MB) return undefined;
  const value = readInt(env, 'DATABASE_SESSION_MEMORY_MB', { default: 0, min: 0, max: 1_048_576 });
  if (value > 0 && value < 128)
    throw new ConfigError('DATABASE_SESSION_MEMORY_MB', '0, for any, or at least 128', {
      got: String(value),
    });
  return value;
}

function readEngine(env: Env): DatabaseEngine {
  const value = readString(env, 'DATABASE_ENGINE', { default: 'auto' });
  if (value === 'auto' || value === 'embedded' || value === 'system')
    return { kind: 'local', binaries: value };
  if (/^postgres(ql)?:\/\/./.test(value)) return { kind: 'external', url: readable(value) };
  // Not repeated: a mistyped URL holds a password.
  throw new ConfigError('DATABASE_ENGINE', 'auto, embedded, system, or a URL that begins with postgres://');
}

/** What cannot be read is not repeated either. @throws {ConfigError} */
function readable(url: string): string {
  try {
    parseConninfo(url);
    return url;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new ConfigError('DATABASE_ENGINE', `a URL that can be read (${error.message})`, {
      hint: 'Encode what its password holds: % is %25, / is %2F, @ is %40.',
    });
  }
}

function databaseOf(url: string): string {
  const name = /^postgres(?:ql)?:\/\/[^/]*\/([^?]+)/.exec(withLogin(url, 'user'))?.[1];
  if (!name)
    throw new ConfigError(
      'DATABASE_ENGINE',
      'a URL that names a database: postgres://user:password@host:5432/DATABASE',
    );
  return decodeURIComponent(name);
}

/** `5432`, or `127.0.0.1:5432` as Compose publishes ports. Set, it is meant exactly. */
function readPortChoice(env: Env): PortChoice {
  const text = readString(env, 'POSTGRES_PORT', { default: undefined });
  if (text === undefined) return { port: DEFAULT_PORT, fixed: false };
  const port = parsePort(text);
  if (port === undefined)
    throw new ConfigError('POSTGRES_PORT', 'a port such as 5432 or 127.0.0.1:5432', { got: text });
  return { port, fixed: port !== 0 };
}

function readName(env: Env, variable: string, fallback: string): string {
  const name = readString(env, variable, { default: fallback });
  if (Buffer.byteLength(name) <= 63 && !/[\0-\x1f]/.test(name)) return name;
  throw new ConfigError(variable, 'a PostgreSQL name of at most 63 bytes', { got: name });
}

function readNetworks(env: Env): readonly string[] {
  const networks = readList(env, 'DATABASE_NETWORKS', { default: [] });
  const wrong = networks.find(network => !['all', 'samenet'].includes(network) && !isNetwork(network));
  if (wrong === undefined) return networks;
  throw new ConfigError(
    'DATABASE_NETWORKS',
    'networks such as 10.0.0.0/8, all or samenet, separated by commas',
    { got: wrong },
  );
}

function isNetwork(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const version = isIP(address);
  return (
    version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128) && rest.length === 0
  );
}

/** Whether this machine has them, and whether a name is known, is seen when the server starts. */
function readAddresses(env: Env): string {
  const text = readString(env, 'DATABASE_LISTEN', { default: '127.0.0.1' });
  const wrong = text.split(',').find(entry => !isListenAddress(entry.trim()));
  if (wrong === undefined) return text;
  throw new ConfigError(
    'DATABASE_LISTEN',
    'addresses such as 127.0.0.1, localhost or *, separated by commas, without a port',
    { got: wrong },
  );
}

function isListenAddress(entry: string): boolean {
  if (entry === '*' || isIP(entry) !== 0) return true;
  // Numbers and dots that are no address are a mistyped one.
  return /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(entry);
}

/** As PostgreSQL takes it: a place, or a POSIX zone such as `UTC+3`. */
function readTimeZone(env: Env): string {
  const zone = readString(env, 'TZ', { default: 'UTC' });
  if (isPlaceOfTime(zone) || /^(?:[A-Za-z]{3,}|<[^>]+>)[+-]?\d{1,2}(?::\d{2}){0,2}/.test(zone)) return zone;
  const near = suggest(zone, Intl.supportedValuesOf('timeZone'));
  throw new ConfigError('TZ', 'a time zone such as Europe/Berlin, or UTC', {
    got: zone,
    ...(near !== undefined && { hint: `Did you mean ${near}?` }),
  });
}

function isPlaceOfTime(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
