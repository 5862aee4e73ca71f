import { setTimeout as sleep } from 'node:timers/promises';
import type { LoginRole } from '@peakstone/kernel/inventory';
import { withLogin } from '@peakstone/kernel/pg';
import type { Env, Running, Service } from '@peakstone/kernel/service';
import { Accounts } from './accounts.ts';
import { ensureDatabase } from './bootstrap/create.ts';
import { databasesLeftBehind } from './bootstrap/leftBehind.ts';
import type { BootstrapOptions } from './bootstrap/model.ts';
import { type BootstrapReport, bootstrapDatabase } from './bootstrap/run.ts';
import { type DatabaseConfig, readDatabaseConfig } from './config.ts';
import type { DatabaseEvent } from './events.ts';
import { createProbe } from './probe.ts';
import { type Server, type StartOptions, startServer } from './server/start.ts';
import { connectionUrl, type Endpoint } from './url.ts';

export interface DatabaseDeps {
  readonly onEvent: (event: DatabaseEvent) => void;
}

export interface RunningDatabase extends Running {
  /** What the bootstrap of this start did. */
  readonly bootstrap: BootstrapReport;
  /** Where the database of a local server holds nothing: others on it that the stack has served. */
  readonly leftBehind: readonly string[];
  /** Of the local server; undefined when external. It stays the same through crashes. */
  readonly local:
    | { readonly port: number; readonly pid: number; readonly dataDir: string; readonly version: string }
    | undefined;
  /** For services in this process or on this machine: by the private socket when the server is ours. */
  url(role: LoginRole): string;
  /** Over TCP, for programs of the user's own. */
  tcpUrl(role: LoginRole): string;
  /** The administrator's: for bootstrap, migrations of roles, rotation. */
  readonly adminUrl: string;
  /**
   * Gives the roles the passwords of these settings, where they are others than those of the start: what is started from
   * now on logs in with them. @throws {DatabaseError}
   */
  adoptPasswords(config: DatabaseConfig, signal: AbortSignal): Promise<void>;
}

/** How long after a crash the server is started again; doubled each time it does not come up, to a minute. */
const RESTART_MS = 100;
const MAX_RESTART_MS = 60_000;

export interface DatabaseService extends Service<DatabaseConfig, DatabaseDeps> {
  start(config: DatabaseConfig, deps: DatabaseDeps, signal: AbortSignal): Promise<RunningDatabase>;
}

/** PostgreSQL with the stack's roles: started, bootstrapped, and started again when it crashes. */
export const databaseService: DatabaseService = {
  name: 'database',
  config: (env: Env) => readDatabaseConfig(env),
  start: (config, deps, signal) =>
    config.engine.kind === 'external'
      ? startExternal(config, config.engine.url, deps, signal)
      : startLocal(config, startOptions(config, config.engine.binaries, deps), deps, signal),
};

async function startExternal(
  config: DatabaseConfig,
  url: string,
  { onEvent }: DatabaseDeps,
  signal: AbortSignal,
): Promise<RunningDatabase> {
  const bootstrap = await runBootstrap(url, config, onEvent, signal);
  const probe = createProbe(url);
  const accounts = new Accounts(config, (changed, signal) => runBootstrap(url, changed, onEvent, signal));
  const roleUrl = (role: LoginRole) => withLogin(url, role, accounts.passwordOf(role));
  return {
    bootstrap,
    leftBehind: [],
    local: undefined,
    adminUrl: url,
    url: roleUrl,
    tcpUrl: roleUrl,
    adoptPasswords: (config, signal) => accounts.adopt(config, signal),
    health: probe.health,
    stop: probe.close,
  };
}

async function startLocal(
  config: DatabaseConfig,
  options: StartOptions,
  { onEvent }: DatabaseDeps,
  signal: AbortSignal,
): Promise<RunningDatabase> {
  const startedAt = performance.now();
  let server = await startServer(options, signal);
  onEvent({
    kind: 'started',
    version: server.binaries.version,
    port: server.port,
    pid: server.postmaster.pid,
    durationMs: performance.now() - startedAt,
  });
  const { port, socketDir, dataDir } = server;
  const socket = { host: socketDir, port };
  const adminUrl = administratorUrl(socket, config.database, config.superuser);
  let bootstrap: BootstrapReport;
  let leftBehind: readonly string[];
  try {
    await ensureDatabase(administratorUrl(socket, 'postgres', config.superuser), config.database);
    bootstrap = await runBootstrap(adminUrl, config, onEvent, signal);
    leftBehind = await databasesLeftBehind(adminUrl);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const probe = createProbe(adminUrl);
  const accounts = new Accounts(config, (changed, signal) =>
    runBootstrap(adminUrl, changed, onEvent, signal),
  );
  const stopping = new AbortController();
  let down: string | undefined;
  const supervision = supervise();
  return {
    bootstrap,
    leftBehind,
    get local() {
      return { port, pid: server.postmaster.pid, dataDir, version: server.binaries.version };
    },
    adminUrl,
    url: role => connectionUrl(socket, config.database, role, accounts.passwordOf(role)),
    tcpUrl: role =>
      connectionUrl(
        { host: tcpHost(config.listenAddresses), port },
        config.database,
        role,
        accounts.passwordOf(role),
      ),
    adoptPasswords: (config, signal) => accounts.adopt(config, signal),
    health: async () => (down === undefined ? probe.health() : { ok: false, reason: down }),
    async stop() {
      stopping.abort();
      await probe.close();
      await supervision;
      await server.stop();
    },
  };

  async function supervise(): Promise<void> {
    for (;;) {
      const ended = await Promise.race([server.postmaster.exited, aborted(stopping.signal)]);
      if (ended === undefined || stopping.signal.aborted) return;
      const reason = describeEnd(server, ended);
      down = reason;
      onEvent({ kind: 'crashed', reason, restartInMs: RESTART_MS });
      const next = await restart();
      if (next === undefined) return;
      server = next;
      down = undefined;
    }
  }

  async function restart(): Promise<Server | undefined> {
    for (let delayMs = RESTART_MS; ; delayMs = Math.min(delayMs * 2, MAX_RESTART_MS)) {
      try {
        await sleep(delayMs, undefined, { signal: stopping.signal });
        // Clients know the port, so it must be this one.
        return await startServer(
          { ...options, mustExist: true, port: { port, fixed: true } },
          stopping.signal,
        );
      } catch (error) {
        if (stopping.signal.aborted) return undefined;
        down = error instanceof Error ? error.message : String(error);
        onEvent({
          kind: 'restartFailed',
          error: error as Error,
          retryInMs: Math.min(delayMs * 2, MAX_RESTART_MS),
        });
      }
    }
  }
}

/**
 * Without event triggers, which the superuser alone may leave out: one on login runs before anything else could be said,
 * and one that fails would let nobody in to mend it.
 */
function administratorUrl(socket: Endpoint, database: string, superuser: string): string {
  return `${connectionUrl(socket, database, superuser)}&options=${encodeURIComponent('-c event_triggers=off')}`;
}

function startOptions(
  config: DatabaseConfig,
  binaries: StartOptions['binaries'],
  { onEvent }: DatabaseDeps,
): StartOptions {
  const { dataDir, superuser, database, port, listenAddresses, networks, timezone, adopt, maxConnections } =
    config;
  const { sessionMemoryMb } = config;
  return {
    ...{
      dataDir,
      binaries,
      superuser,
      database,
      port,
      listenAddresses,
      networks,
      timezone,
      adopt,
      maxConnections,
    },
    ...(sessionMemoryMb !== undefined && { sessionMemoryBytes: sessionMemoryMb * 1024 * 1024 }),
    onLog: line => onEvent({ kind: 'serverLog', line }),
    notice: text => onEvent({ kind: 'notice', text }),
  };
}

async function runBootstrap(
  url: string,
  config: DatabaseConfig,
  onEvent: DatabaseDeps['onEvent'],
  signal: AbortSignal,
): Promise<BootstrapReport> {
  const startedAt = performance.now();
  const report = await bootstrapDatabase(url, bootstrapOptions(config), signal);
  onEvent({ kind: 'bootstrapped', report, durationMs: performance.now() - startedAt });
  return report;
}

/** What the bootstrap needs of the configuration. The superuser's password is ours to set on a local server only. */
export function bootstrapOptions(config: DatabaseConfig): BootstrapOptions {
  const { database, schemas, passwords, supabase, roleSettings } = config;
  const superuser = { name: config.superuser, password: config.superuserPassword };
  return {
    database,
    schemas,
    passwords,
    supabase,
    roleSettings,
    ...(config.engine.kind === 'local' && { superuser }),
  };
}

function describeEnd(
  server: Server,
  { code, signal }: { code: number | null; signal: NodeJS.Signals | null },
): string {
  const fatal = server.postmaster.recentLog.filter(line => /\b(FATAL|PANIC):/.test(line)).at(-1);
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return `PostgreSQL ended with ${how}${fatal === undefined ? '' : `: ${fatal.replace(/^.*?\b(?=(FATAL|PANIC):)/, '')}`}`;
}

function tcpHost(listenAddresses: string): string {
  const [first] = listenAddresses.split(',').map(address => address.trim());
  return first === undefined || ['*', '', '0.0.0.0', '::'].includes(first) ? '127.0.0.1' : first;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
