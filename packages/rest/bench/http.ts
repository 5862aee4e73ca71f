/**
 * Requests over HTTP, with a JWT, role and claims, against pgbench running exactly the same statements on the same
 * server, in one round trip each: what share of PostgreSQL's own limit the service reaches.
 *
 * Usage: npm run bench -- rest/http [--clients 32] [--seconds 4] [--rounds 5] [--processes 1]
 * Needs wrk and pgbench.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Pool } from '@peakstone/kernel/pg';
import type { TestServer } from '@peakstone/testing';
import { type CapturedStatement, pgbenchScript, readStatements } from './parts/capture.ts';
import { type Load, run, runWrk, type Shape } from './parts/load.ts';
import { startBenchService, untilReady } from './parts/service.ts';
import { workloads } from './parts/workloads.ts';

/** Until the service's code is compiled: for as long, threads of the engine take up to a third of its processor time. */
const warmUpSeconds = 6;

/** The captured value that stands for the varying key. */
const PROBE = 4242;

const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    processes: { type: 'string', default: '1' },
  },
});
const clients = Number(options.clients);
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);

const folder = await mkdtemp(join(tmpdir(), 'peakstone-bench-'));
const log: string[] = [];
let logging = false;
const service = await startBenchService({
  onLog: line => logging && log.push(line),
  // As many connections as pgbench has, and two for the pipelined lane.
  pool: Math.ceil(clients / Number(options.processes)) + 2,
  processes: Number(options.processes),
});
const { admin, origin, server, token } = service;
try {
  process.stdout.write(
    `${clients} clients, ${rounds} interleaved rounds of ${seconds} s after ${warmUpSeconds} s of warm-up, medians. pgbench sends the same prepared statements, settings and all, between BEGIN and COMMIT: in one round trip, and in one a statement.\n\n`,
  );
  process.stdout.write(
    '| request | HTTP /s | pgbench, one round trip /s | ratio | pgbench, a round trip a statement /s | ratio | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|--:|--:|\n',
  );
  for (const workload of workloads(token)) {
    const statements = await capture(admin, origin, workload.shape, token);
    const pipelined = await writePeer('pipelined.sql', statements, true);
    const stepwise = await writePeer('stepwise.sql', statements, false);
    const loads: Load[] = [];
    const peers: number[] = [];
    const steppers: number[] = [];
    await runWrk(origin, workload.shape, clients, warmUpSeconds, folder);
    for (let round = 0; round < rounds; round++) {
      const load = await runWrk(origin, workload.shape, clients, seconds, folder);
      if (load.failed > 0) throw new Error(`${workload.title}: ${load.failed} requests failed`);
      loads.push(load);
      peers.push(await runPgbench(server, pipelined));
      steppers.push(await runPgbench(server, stepwise));
    }
    const rates = loads.map(load => load.requestsPerSecond);
    const whole = (figures: number[]) => Math.round(median(figures)).toLocaleString('en');
    const ratio = (others: number[]) => median(rates.map((rate, round) => rate / others[round]!)).toFixed(2);
    const ms = (pick: (load: Load) => number) => median(loads.map(pick)).toFixed(2);
    const cells = [
      workload.title,
      whole(rates),
      whole(peers),
      ratio(peers),
      whole(steppers),
      ratio(steppers),
    ];
    process.stdout.write(`| ${[...cells, ms(load => load.p50Ms), ms(load => load.p99Ms)].join(' | ')} |\n`);
  }
} finally {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}

interface Peer {
  readonly script: string;
  readonly variables: Readonly<Record<string, string>>;
}

async function writePeer(
  name: string,
  statements: readonly CapturedStatement[],
  inOneTrip: boolean,
): Promise<Peer> {
  const { script, variables } = pgbenchScript(
    statements,
    ['\\set id random(1, 9800)'],
    { [PROBE]: 'id' },
    inOneTrip,
  );
  const file = join(folder, name);
  await writeFile(file, script);
  return { script: file, variables };
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
  return ofOneRequest(readStatements(log.join('\n')));
}

/** From its settings to its statement: without the cleaning of sessions, and without what the service does beside requests. */
function ofOneRequest(statements: readonly CapturedStatement[]): CapturedStatement[] {
  const first = statements.findIndex(({ text }) => text.includes("set_config('role'"));
  if (first < 0)
    throw new Error(`No settings among the statements:\n${statements.map(each => each.text).join('\n')}`);
  const rest = statements.slice(first);
  const end = rest.findIndex(({ text }) => /^(reset|discard|commit)/i.test(text));
  return end < 0 ? rest : rest.slice(0, end);
}

async function runPgbench(target: TestServer, { script, variables }: Peer): Promise<number> {
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

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
