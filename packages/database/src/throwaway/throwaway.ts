import { randomBytes } from 'node:crypto';
import type { LoginRole } from '@peakstone/kernel/inventory';
import { createPrivilegedPool, quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';
import type { BinariesChoice } from '../binaries/find.ts';
import type { BootstrapOptions } from '../bootstrap/model.ts';
import { bootstrapDatabase } from '../bootstrap/run.ts';
import { connectionUrl } from '../url.ts';
import { makeThrowawayFolder } from './folder.ts';
import { startSocketServer } from './socketServer.ts';

export interface ThrowawayOptions {
  /** Whose programs and extensions: those that the real server has. Default `auto`, as the stack's. */
  readonly binaries?: BinariesChoice;
  /** Default `postgres`. */
  readonly superuser?: string;
  readonly timezone?: string;
  readonly maxConnections?: number;
  /** Settings of postgresql.conf above PeakStone's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Each line of the server's log. */
  readonly onLog?: (line: string) => void;
}

export interface ThrowawayDatabaseOptions {
  /** With the stack's roles, schemas, grants, extensions and auth functions. */
  readonly bootstrap?: Partial<Pick<BootstrapOptions, 'schemas' | 'supabase'>>;
  /** A copy of this database, to which nobody may be connected. Rights on the database as such are not copied. */
  readonly template?: string;
  /** Whose it is, who is made where no bootstrap has made them. Default the superuser's. */
  readonly owner?: LoginRole;
}

/** A PostgreSQL 17 of the caller's own in a temporary folder: reached by its private socket alone, and nothing on it is kept. */
export interface Throwaway {
  readonly dataDir: string;
  readonly socketDir: string;
  /** Of the socket's name; nothing listens on it. */
  readonly port: number;
  /** PostgreSQL's version, such as `17.10`. */
  readonly version: string;
  /** By default the superuser's, without a password, and of database `postgres`. A role of the stack's exists once a database has been bootstrapped. */
  url(database?: string, role?: LoginRole): string;
  /** Makes a database, and returns its URL for the superuser. @throws {DatabaseError} {PgError} */
  createDatabase(name: string, options?: ThrowawayDatabaseOptions, signal?: AbortSignal): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** Stops the server at once and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

/** Nobody waits for a checkpoint of what is thrown away. */
const STOP_GRACE_MS = 0;

/**
 * Starts a throw-away server, which the caller must `stop()`. However this process ends (by return, Ctrl-C, kill -9), the
 * server ends with it and its folder is removed.
 *
 * It neither syncs nor vacuums: a start costs half a second, a database a fifth.
 * @throws {DatabaseError}; the signal's reason when it is aborted
 * @example const url = await throwaway.createDatabase('replay', { bootstrap: { supabase: 'roles' } })
 */
export async function startThrowaway(options: ThrowawayOptions, signal: AbortSignal): Promise<Throwaway> {
  signal.throwIfAborted();
  const superuser = options.superuser ?? 'postgres';
  const folder = makeThrowawayFolder();
  try {
    const { server, url: superuserUrl } = await startSocketServer(
      {
        dataDir: folder.dataDir,
        binaries: options.binaries ?? 'auto',
        superuser,
        durable: false,
        maxConnections: options.maxConnections ?? 40,
        timezone: options.timezone ?? 'UTC',
        machine: { memoryBytes: 1024 ** 3, cpus: 1 },
        settings: { ...SETTINGS, ...options.settings },
        ...(options.onLog && { onLog: options.onLog }),
      },
      signal,
    );
    const passwords = randomPasswords();
    const { dataDir, socketDir, port } = server;
    const socket = { host: socketDir, port };
    // An interrupt ends it under its user, who stops it as well.
    let stopped: Promise<void> | null = null;
    const url: Throwaway['url'] = (database = 'postgres', role) =>
      role === undefined ? superuserUrl(database) : connectionUrl(socket, database, role, passwords[role]);
    return {
      ...{ dataDir, socketDir, port, url },
      version: server.binaries.version,
      async createDatabase(name, { bootstrap, template, owner } = {}, signal) {
        const from =
          template === undefined ? '' : ` template ${quoteIdentifier(template)} strategy file_copy`;
        const whose = owner === undefined ? '' : ` owner ${quoteIdentifier(owner)}`;
        if (owner !== undefined) await run(url(), ensureLogin(owner, passwords[owner]));
        await run(url(), `create database ${quoteIdentifier(name)}${from}${whose}`);
        if (bootstrap !== undefined) {
          await bootstrapDatabase(
            url(name),
            {
              database: name,
              schemas: bootstrap.schemas,
              supabase: bootstrap.supabase ?? 'roles',
              passwords,
              roleSettings: {},
            },
            signal,
          );
        }
        return url(name);
      },
      dropDatabase: name => run(url(), `drop database if exists ${quoteIdentifier(name)} with (force)`),
      stop() {
        stopped ??= server.stop(STOP_GRACE_MS).then(folder.remove);
        return stopped;
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/**
 * Runs `work` beside a throw-away server, which is gone afterwards, whatever happens; an aborted signal ends it under the work.
 * @throws what the work throws; the signal's reason when it is aborted
 */
export async function withThrowaway<T>(
  options: ThrowawayOptions,
  signal: AbortSignal,
  work: (throwaway: Throwaway) => Promise<T>,
): Promise<T> {
  const throwaway = await startThrowaway(options, signal);
  const end = (): void => void throwaway.stop();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await work(throwaway);
  } catch (error) {
    // What it failed of is that its server is gone.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    await throwaway.stop();
  }
}

const SETTINGS: Readonly<Record<string, string>> = {
  autovacuum: 'off',
  max_wal_size: '512MB',
  // Nobody backs it up, nor keeps its WAL. Its level stays as it is: what migrations make of slots depends on it.
  summarize_wal: 'off',
  wal_compression: 'off',
};

function randomPasswords(): Readonly<Record<LoginRole, string>> {
  const password = () => randomBytes(18).toString('base64url');
  return {
    db_authenticator: password(),
    hasura: password(),
    db_migrator: password(),
    db_backup: password(),
    console_viewer: password(),
    console_editor: password(),
  };
}

/** Without any right, as a bootstrap finds it and goes on from. */
function ensureLogin(role: LoginRole, password: string): string {
  const made = `create role ${quoteIdentifier(role)} login password ${quoteLiteral(password)}`;
  return `do $$ begin if pg_catalog.to_regrole(${quoteLiteral(role)}) is null then ${made}; end if; end $$`;
}

async function run(url: string, sql: string): Promise<void> {
  const pool = createPrivilegedPool({ url, name: 'peakstone throw-away' });
  try {
    await pool.script(sql);
  } finally {
    await pool.close();
  }
}
