/**
 * What a large body costs its neighbours: a reader of one row asks over and over while another client sends a body of each
 * kind, from a process of its own. Prints the sender's answer and time, the longest turn of the service's event loop in
 * processor time, the neighbour's median, p99 and worst, which on a busy machine are mostly the machine's, and how much memory
 * the service has in the end.
 * Usage: npm run bench -- rest/bodies [--megabytes 60] [--kinds json,csv] [--senders 1]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bodyKinds } from './parts/bodies.ts';
import { startBenchService } from './parts/service.ts';
import { takeLongestTurn } from './parts/turns.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '60' },
    kinds: { type: 'string', default: Object.keys(bodyKinds).join(',') },
    senders: { type: 'string', default: '1' },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'bench-bodies-'));
const turns = join(folder, 'turns');
process.env.BENCH_TURNS = turns;
process.env.NODE_OPTIONS = `--import ${join(import.meta.dirname, 'parts/turns.ts')}`;
process.env.PGRST_BATCH_PATH = '/batch';
process.env.PGRST_DB_NESTED_INSERT_ENABLED = 'true';
const service = await startBenchService();
delete process.env.NODE_OPTIONS;
await service.admin.script(`
create table api.loaded (id int, name text, price numeric, stock int);
grant insert on api.loaded to bench_user;
create table api.parents (id int primary key generated always as identity, name text);
create table api.children (id int primary key generated always as identity, parent_id int references api.parents, name text, price numeric);
grant select, insert on api.parents, api.children to bench_user;
create function api.take(json) returns int language sql immutable as 'select 1';
create function api.take_bytes(bytea) returns int language sql immutable as 'select length($1)';
notify pgrst`);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const authorization = `Bearer ${service.token}`;

function read(): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    request(`${service.origin}/item?id=eq.7`, { agent, headers: { authorization } }, response => {
      response.on('end', () => resolve(performance.now() - startedAt)).resume();
    })
      .on('error', reject)
      .end();
  });
}

async function readUntil(done: () => boolean): Promise<readonly number[]> {
  const times: number[] = [];
  while (!done()) times.push(await read());
  return times.toSorted((a, b) => a - b);
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${service.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

function row(
  name: string,
  answer: string,
  seconds: number,
  times: readonly number[],
  memoryMb: number,
): void {
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1);
  console.log(
    `| ${name} | ${answer} | ${seconds.toFixed(1)} | ${takeLongestTurn(turns)} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${memoryMb.toFixed(0)} |`,
  );
}

try {
  for (let i = 0; i < 500; i++) await read();
  takeLongestTurn(turns);
  console.log(
    '| body | answer | seconds | longest turn, ms | neighbour, ms: median | p99 | worst | resident MB |\n|---|--:|--:|--:|--:|--:|--:|--:|',
  );
  const quietUntil = performance.now() + 3000;
  row('none', '', 3, await readUntil(() => performance.now() > quietUntil), await residentMb());
  for (const kind of values.kinds.split(',')) {
    const startedAt = performance.now();
    let left = Number(values.senders);
    let answer = '';
    const senders = Array.from({ length: left }, async () => {
      const child = fork(join(import.meta.dirname, 'parts/bodies.ts'), [
        kind,
        values.megabytes,
        service.origin,
        authorization,
      ]);
      child.on('message', message => {
        answer = String(message);
      });
      await once(child, 'exit');
      left--;
    });
    const times = await readUntil(() => left === 0);
    await Promise.all(senders);
    row(kind, answer, (performance.now() - startedAt) / 1000, times, await residentMb());
  }
  await rm(folder, { recursive: true });
  for (let seconds = 20; seconds <= 60; seconds += 20) {
    await new Promise(resolve => setTimeout(resolve, 20_000));
    console.log(`${seconds} s later: ${(await residentMb()).toFixed(0)} MB resident`);
  }
} finally {
  agent.destroy();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}
