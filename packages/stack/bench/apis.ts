/**
 * Kills the process of the APIs with SIGKILL, again and again: how long until they answer again, and what a second client of
 * the database, in the middle of transactions, notices of it.
 *
 *   node packages/stack/bench/apis.ts [--rounds 20]
 */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createPool } from '@peakstone/kernel/pg';
import type { StackStatus } from '@peakstone/stack';
import { gatewayOf, median, runCli, startCli, stopCli, temporaryFolder } from './parts/cli.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, port: { type: 'string', default: '22000' } },
});
const rounds = Number(values.rounds);
/** Between two kills: the back-off is as long as it gets. */
const calmMs = 1000;

const folder = temporaryFolder('peakstone-apis-');
const stack = await startCli(folder, Number(values.port));
const url = `${gatewayOf(stack.summary)}/rest/v1/`;
try {
  const password = await secret('POSTGRES_SUPERPASS');
  const pool = createPool({
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${stack.summary.ports.postgres}/postgres`,
    size: 1,
    sharedSize: 0,
  });
  await pool.query('create table bench_apis (id bigint generated always as identity)');
  let running = true;
  let committed = 0;
  let failed = 0;
  const client = (async () => {
    while (running) {
      try {
        await pool.script('begin; insert into bench_apis default values; select pg_sleep(0.02); commit');
        committed++;
      } catch {
        // What the bench counts.
        failed++;
      }
    }
  })();
  const outagesMs: number[] = [];
  const before = await status();
  for (let round = 0; round < rounds; round++) {
    const { services } = await status();
    process.kill(services.find(({ name }) => name === 'rest')!.pid!, 'SIGKILL');
    const began = performance.now();
    while (!(await answers())) await sleep(5);
    outagesMs.push(performance.now() - began);
    await sleep(calmMs);
  }
  running = false;
  await client;
  const { rows } = await pool.query('select count(*) from bench_apis');
  await pool.close();
  const after = await status();
  const pid = ({ services }: StackStatus): unknown => services.find(({ name }) => name === 'postgres')?.pid;
  console.log(`kills of the APIs' process          ${rounds}`);
  console.log(
    `until they answer again, median     ${(median(outagesMs) / 1000).toFixed(2)} s (longest ${(Math.max(...outagesMs) / 1000).toFixed(2)} s)`,
  );
  console.log(`the other client's transactions     ${committed} committed, ${failed} failed`);
  console.log(`of these in the table               ${rows[0]?.[0]?.toString()}`);
  console.log(
    `PostgreSQL                          ${pid(before) === pid(after) ? 'the same process' : 'RESTARTED'}`,
  );
  if (failed > 0 || pid(before) !== pid(after)) process.exitCode = 1;
} finally {
  await stopCli(stack);
  rmSync(folder, { recursive: true, force: true });
}

async function secret(name: string): Promise<string> {
  const text = await runCli(folder, ['secrets', '--show', name]);
  return text.trim().slice(text.indexOf('=') + 1);
}

async function status(): Promise<StackStatus> {
  // An exit code of 4 says that something is not healthy at this moment.
  for (let attempt = 0; ; attempt++) {
    try {
      return JSON.parse(await runCli(folder, ['status', '--json'])) as StackStatus;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}

async function answers(): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
