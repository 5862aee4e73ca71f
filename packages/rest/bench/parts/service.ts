/** The REST service as a process of its own on a throw-away PostgreSQL, with the rows that the HTTP benches ask for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signJwt } from '@peakstone/kernel/jwt';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { cacheFolder, privateFolder } from '@peakstone/kernel/private';
import { reservePorts, startTestServer, type TestServer } from '@peakstone/testing';

export const ITEMS = 10_000;
const SECRET = 'a-secret-only-for-this-benchmark-run';

const SCHEMA = `
create schema api;
create table api.item (id int primary key, name text not null, price numeric(10,2) not null, stock int not null, created_at timestamptz not null);
create table api.purchase (id int primary key, item_id int not null references api.item, quantity int not null, buyer text not null);
create index on api.purchase (item_id);
create table api.event (id bigint generated always as identity primary key, kind text not null, payload jsonb not null);
insert into api.item select g, 'Item ' || g, g * 1.37, g % 50, timestamptz '2026-01-01' + g * interval '1 minute' from generate_series(1, ${ITEMS}) g;
insert into api.purchase select g, 1 + (g - 1) / 5, 1 + g % 4, 'buyer ' || g % 997 from generate_series(1, ${ITEMS * 5}) g;
create role bench_user nologin;
create role bench_login login noinherit password 'bench';
grant bench_user to bench_login;
-- pgbench prepares its statements before it takes the role.
grant usage on schema api to bench_user, bench_login;
grant select, insert on all tables in schema api to bench_user, bench_login;
`;

export interface BenchDatabase {
  readonly server: TestServer;
  /** As superuser. */
  readonly admin: Pool;
  /** Of role bench_user; holds an hour. */
  readonly token: string;
  stop(): Promise<void>;
}

export interface BenchService extends BenchDatabase {
  readonly origin: string;
  readonly process: ChildProcess;
}

/** A process that answers requests. */
export interface RestProcess {
  readonly origin: string;
  readonly process: ChildProcess;
  /** From the start of the process to its first answer from the database. */
  readonly startMs: number;
  stop(): Promise<void>;
}

export interface BenchOptions {
  /** Each line of the database server's log. */
  readonly onLog?: (line: string) => void;
  /** `db-pool` of each process. Default: the reference's. */
  readonly pool?: number;
  /** Service processes that share the port (`server-reuseport`). Default 1. */
  readonly processes?: number;
}

/** A read of the bench's schema. */
export const READ = '/item?limit=1';

/** This package's service, as a command. */
export const OURS: readonly string[] = [
  process.execPath,
  ...memoryFlags,
  join(import.meta.dirname, 'serve.ts'),
];

/** Starts both and waits until reads are answered. */
export async function startBenchService({
  onLog,
  pool,
  processes = 1,
}: BenchOptions = {}): Promise<BenchService> {
  const database = await startBenchDatabase(onLog);
  const port = await reservePorts();
  const origin = `http://127.0.0.1:${port}`;
  const children = Array.from({ length: processes }, () =>
    // Its log lines would stand among the figures; whoever asks for a level wants to see them.
    spawnRest(OURS, benchSettings(database, pool), port, process.env.PGRST_LOG_LEVEL ? 'inherit' : 'ignore'),
  );
  const stop = async () => {
    for (const child of children) child.kill('SIGTERM');
    await database.stop();
  };
  try {
    await untilReady(origin, database.token);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...database, origin, process: children[0]!, stop };
}

export async function startBenchDatabase(onLog: (line: string) => void = () => {}): Promise<BenchDatabase> {
  const server = await startTestServer({ onLog });
  const admin = createPool({ url: server.url, size: 2 });
  await admin.script(SCHEMA);
  await admin.script('vacuum analyze');
  const token = signJwt({ role: 'bench_user', sub: '42', exp: Math.floor(Date.now() / 1000) + 3600 }, SECRET);
  const stop = async () => {
    await admin.close();
    await server.stop();
  };
  return { server, admin, token, stop };
}

/** What serves the bench's schema. `pool`: `db-pool`; the reference's default without it. */
export function benchSettings({ server }: BenchDatabase, pool?: number): Readonly<Record<string, string>> {
  const url = new URL(server.url);
  url.username = 'bench_login';
  url.password = 'bench';
  return {
    PGRST_DB_URI: url.href,
    PGRST_DB_SCHEMAS: 'api',
    PGRST_JWT_SECRET: SECRET,
    PGRST_SERVER_REUSEPORT: 'true',
    ...(pool === undefined ? {} : { PGRST_DB_POOL: String(pool) }),
  };
}

/** Starts a program that reads `PGRST_*`, ours or the reference, and waits until it answers `path`. */
export async function startRest(
  command: readonly string[],
  settings: Readonly<Record<string, string>>,
  path: string,
  token?: string,
): Promise<RestProcess> {
  const port = await reservePorts();
  const origin = `http://127.0.0.1:${port}`;
  const startedAt = performance.now();
  // What the reference tells of its start at any level is of no interest here.
  const child = spawnRest(command, settings, port, 'ignore');
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    await untilReady(origin, token, path);
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin, process: child, startMs: performance.now() - startedAt, stop };
}

function spawnRest(
  [program, ...args]: readonly string[],
  settings: Readonly<Record<string, string>>,
  port: number,
  output: 'inherit' | 'ignore',
): ChildProcess {
  return spawn(program!, args, {
    // A session of its own, as service managers give: Linux shares processors out between sessions (autogroup), and in
    // the load generator's it would be starved by the database, each of whose processes has one.
    detached: true,
    env: {
      ...memoryEnv(process.env),
      // As the command has it.
      NODE_COMPILE_CACHE: privateFolder(join(cacheFolder(), 'node')),
      PGRST_DB_CONFIG: 'false',
      PGRST_SERVER_HOST: '127.0.0.1',
      PGRST_SERVER_PORT: String(port),
      PGRST_LOG_LEVEL: process.env.PGRST_LOG_LEVEL ?? 'error',
      ...settings,
    },
    stdio: ['ignore', output, output],
  });
}

/** Waits until the service answers reads: at first, and after its connections were closed. */
export async function untilReady(origin: string, token?: string, path = READ): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(origin + path, {
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      });
      const text = await response.text();
      if (response.ok) return;
      if (attempt > 1000) throw new Error(`The service answers ${response.status}: ${text}`);
    } catch (error) {
      if (attempt > 1000) throw error;
    }
    await sleep(10);
  }
}
