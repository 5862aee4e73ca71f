/**
 * Requests over HTTP, with a JWT, role and claims, against pgbench running exactly the same statements on the same
 * server, in one round trip each: what share of PostgreSQL's own limit the service reaches.
 *
 * Usage: npm run bench -- rest/http [--clients 32] [--seconds 4] [--rounds 5]
 * Needs wrk and pgbench.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { signJwt } from '@peakstone/kernel/jwt';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { startTestServer } from '@peakstone/testing';
import { type CapturedStatement, pgbenchScript, readStatements } from './parts/capture.ts';
import { run, runWrk, type Shape } from './parts/load.ts';

const ITEMS = 10_000;
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

interface Workload {
  readonly title: string;
  readonly shape: Shape;
  readonly explicitTransaction: boolean;
}

/** The captured value that stands for the varying key. */
const PROBE = 4242;

function workloads(token: string): Workload[] {
  const headers = { Authorization: `Bearer ${token}` };
  const get = (title: string, path: string): Workload => ({
    title,
    shape: { method: 'GET', path, headers, ids: ITEMS - 200 },
    explicitTransaction: true,
  });
  return [
    get('one row by key', '/item?id=eq.{id}&select=id,name,price'),
    get('100 rows, three columns', '/item?id=gte.{id}&order=id&limit=100&select=id,name,price'),
    get('an item with its 5 purchases', '/item?id=eq.{id}&select=id,name,purchase(id,quantity,buyer)'),
    {
      title: 'insert returning the row',
      shape: {
        method: 'POST',
        path: '/event?select=id',
        headers: { ...headers, 'Content-Type': 'application/json', Prefer: 'return=representation' },
        body: '{"kind":"click","payload":{"x":1,"y":2}}',
        ids: 1,
      },
      explicitTransaction: true,
    },
  ];
}

const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
  },
});
const clients = Number(options.clients);
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);

const folder = await mkdtemp(join(tmpdir(), 'peakstone-bench-'));
const log: string[] = [];
let logging = false;
const server = await startTestServer({ onLog: line => logging && log.push(line) });
let service: ChildProcess | null = null;
try {
  const admin = createPool({ url: server.url, size: 2 });
  await admin.script(SCHEMA);
  await admin.script('vacuum analyze');
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  service = startService(server.url, port);
  const token = signJwt({ role: 'bench_user', sub: '42', exp: Math.floor(Date.now() / 1000) + 3600 }, SECRET);
  process.stdout.write(
    `${clients} clients, ${rounds} interleaved rounds of ${seconds} s, medians; pgbench sends the same prepared statements in one round trip\n\n`,
  );
  process.stdout.write(
    '| request | HTTP /s | pgbench /s | ratio | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|\n',
  );
  for (const workload of workloads(token)) {
    const statements = await capture(admin, origin, workload.shape, token);
    const peer = pgbenchScript(
      statements,
      ['\\set id random(1, 9800)'],
      { [PROBE]: 'id' },
      workload.explicitTransaction,
    );
    const script = join(folder, 'peer.sql');
    await writeFile(script, peer.script);
    const ours: number[] = [];
    const theirs: number[] = [];
    const ratios: number[] = [];
    const p50: number[] = [];
    const p99: number[] = [];
    await runWrk(origin, workload.shape, clients, 1, folder);
    for (let round = 0; round < rounds; round++) {
      const load = await runWrk(origin, workload.shape, clients, seconds, folder);
      if (load.failed > 0) throw new Error(`${workload.title}: ${load.failed} requests failed`);
      const tps = await runPgbench(server, script, peer.variables);
      ours.push(load.requestsPerSecond);
      theirs.push(tps);
      ratios.push(load.requestsPerSecond / tps);
      p50.push(load.p50Ms);
      p99.push(load.p99Ms);
    }
    const whole = (figures: number[]) => Math.round(median(figures)).toLocaleString('en');
    process.stdout.write(
      `| ${workload.title} | ${whole(ours)} | ${whole(theirs)} | ${median(ratios).toFixed(2)} | ${median(p50).toFixed(2)} | ${median(p99).toFixed(2)} |\n`,
    );
  }
  await admin.close();
} finally {
  service?.kill('SIGTERM');
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

function startService(databaseUrl: string, port: number): ChildProcess {
  const url = new URL(databaseUrl);
  url.username = 'bench_login';
  url.password = 'bench';
  const child = spawn(process.execPath, [join(import.meta.dirname, 'parts/serve.ts')], {
    env: {
      ...process.env,
      PGRST_DB_URI: url.href,
      PGRST_DB_SCHEMAS: 'api',
      PGRST_DB_CONFIG: 'false',
      PGRST_JWT_SECRET: SECRET,
      PGRST_SERVER_HOST: '127.0.0.1',
      PGRST_SERVER_PORT: String(port),
      PGRST_LOG_LEVEL: process.env.PGRST_LOG_LEVEL ?? 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return child;
}

/** Waits until the service answers reads: at first, and after its connections were closed. */
async function untilReady(origin: string, token: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(`${origin}/item?limit=1`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      const text = await response.text();
      if (response.ok) return;
      if (attempt > 200) throw new Error(`The service answers ${response.status}: ${text}`);
    } catch (error) {
      if (attempt > 200) throw error;
    }
    await sleep(50);
  }
}

/** Sends one request with the server's statement log on, and reads what it ran. */
async function capture(
  admin: Pool,
  origin: string,
  shape: Shape,
  token: string,
): Promise<CapturedStatement[]> {
  await admin.script(
    "alter role bench_login set log_statement = 'all'; alter role bench_login set log_parameter_max_length = -1",
  );
  await admin.script("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bench_login'");
  await untilReady(origin, token);
  await sleep(1000);
  log.length = 0;
  logging = true;
  const response = await fetch(origin + shape.path.replace('{id}', String(PROBE)), {
    method: shape.method,
    headers: shape.headers,
    ...(shape.body === undefined ? {} : { body: shape.body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${shape.path} answered ${response.status}: ${text}`);
  await sleep(300);
  await admin.script('alter role bench_login reset all');
  await admin.script("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bench_login'");
  logging = false;
  await untilReady(origin, token);
  return readStatements(log.join('\n')).filter(
    each => !/^(listen|alter role|select pg_terminate)|pg_catalog|pg_class|pg_proc/i.test(each.text),
  );
}

async function runPgbench(
  target: typeof server,
  script: string,
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const defines = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const out = await run(
    await findPgbench(),
    [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(clients),
      '-j',
      '2',
      '-T',
      String(seconds),
      '-f',
      script,
      ...defines,
      'postgres',
    ],
    {
      ...process.env,
      PGHOST: target.socketDir,
      PGPORT: String(target.port),
      PGUSER: 'bench_login',
      PGPASSWORD: 'bench',
    },
  );
  const tps = /tps = ([\d.]+)/.exec(out);
  if (!tps) throw new Error(`pgbench printed no figure:\n${out}`);
  return Number(tps[1]);
}

async function findPgbench(): Promise<string> {
  for (const command of [
    'pgbench',
    '/usr/lib/postgresql/17/bin/pgbench',
    '/usr/lib/postgresql/15/bin/pgbench',
  ]) {
    try {
      await run(command, ['--version']);
      return command;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('pgbench was not found: install PostgreSQL’s client programs');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('No port')),
      );
    });
  });
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
