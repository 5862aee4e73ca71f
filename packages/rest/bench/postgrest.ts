/**
 * The service beside PostgREST itself: both on one database with the same settings, in interleaved rounds of the same
 * requests; then how long each takes to start, and what memory it holds.
 *
 * Usage: npm run bench -- rest/postgrest --postgrest PROGRAM [--clients 32] [--seconds 4] [--rounds 5] [--pool 10]
 * PROGRAM is a `postgrest`, or a script that ends in exec of one. Needs wrk, and Linux for the memory.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Load, run, runWrk } from './parts/load.ts';
import {
  benchSettings,
  OURS,
  READ,
  type RestProcess,
  startBenchDatabase,
  startRest,
} from './parts/service.ts';
import { workloads } from './parts/workloads.ts';

const { values: options } = parseArgs({
  options: {
    postgrest: { type: 'string' },
    clients: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    pool: { type: 'string', default: '10' },
  },
});
if (!options.postgrest) {
  process.stderr.write('Say where PostgREST is: --postgrest PROGRAM\n');
  process.exit(2);
}
const peer = [options.postgrest];
const clients = Number(options.clients);
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const pool = Number(options.pool);

/** Ours first, the peer second. */
type Pair<T> = [T, T];

const folder = await mkdtemp(join(tmpdir(), 'peakstone-bench-'));
const database = await startBenchDatabase();
try {
  const version = (await run(options.postgrest, ['--version'])).trim();
  process.stdout.write(`${version}. ${clients} clients, db-pool ${pool}, medians of ${rounds} rounds.\n\n`);
  const starts = await measureStarts();
  const services: Pair<RestProcess> = [await start(OURS), await start(peer)];
  try {
    await sleep(1000);
    const idle = await eachOf(services, memoryMb);
    const busy: Pair<number> = [0, 0];
    process.stdout.write(
      '| request | here /s | PostgREST /s | ratio | p50 ms | PostgREST | p99 ms | PostgREST |\n|---|--:|--:|--:|--:|--:|--:|--:|\n',
    );
    for (const { title, shape } of workloads(database.token)) {
      const loads: Pair<Load>[] = [];
      const load = async (service: RestProcess, which: 0 | 1, time: number): Promise<Load> => {
        const ran = runWrk(service.origin, shape, clients, time, folder);
        await sleep((time * 1000) / 2);
        busy[which] = Math.max(busy[which], await memoryMb(service));
        const result = await ran;
        if (result.failed > 0) throw new Error(`${title}: ${result.failed} requests failed`);
        return result;
      };
      for (const which of [0, 1] as const) await load(services[which], which, 1);
      for (let round = 0; round < rounds; round++) {
        // Who comes first alternates, so that what the database does after a round burdens both alike.
        const first = (round % 2) as 0 | 1;
        const second = (1 - first) as 0 | 1;
        const pair: Partial<Pair<Load>> = [];
        pair[first] = await load(services[first], first, seconds);
        pair[second] = await load(services[second], second, seconds);
        loads.push(pair as Pair<Load>);
      }
      const rate = (which: 0 | 1) => median(loads.map(each => each[which].requestsPerSecond));
      const ratio = median(loads.map(([here, there]) => here.requestsPerSecond / there.requestsPerSecond));
      const ms = (pick: (load: Load) => number) =>
        [0, 1].map(which => median(loads.map(each => pick(each[which]!))).toFixed(2));
      const whole = (figure: number) => Math.round(figure).toLocaleString('en');
      const times = [...ms(each => each.p50Ms), ...ms(each => each.p99Ms)];
      process.stdout.write(
        `| ${[title, whole(rate(0)), whole(rate(1)), ratio.toFixed(2), ...times].join(' | ')} |\n`,
      );
    }
    const row = (title: string, [here, there]: Pair<number>) =>
      `| ${title} | ${here.toFixed(0)} | ${there.toFixed(0)} | ${(here / there).toFixed(2)} |\n`;
    process.stdout.write('\n| | here | PostgREST | ratio |\n|---|--:|--:|--:|\n');
    process.stdout.write(row('from start to first answer, ms', starts));
    process.stdout.write(row('memory idle, MB (PSS)', idle));
    process.stdout.write(row('memory under load, MB (PSS, highest)', busy));
  } finally {
    for (const service of services) await service.stop();
  }
} finally {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}

function start(command: readonly string[]): Promise<RestProcess> {
  return startRest(command, benchSettings(database, pool), READ, database.token);
}

async function measureStarts(): Promise<Pair<number>> {
  const times: Pair<number[]> = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const [which, command] of [OURS, peer].entries()) {
      const service = await start(command);
      times[which]!.push(service.startMs);
      await service.stop();
    }
  }
  return [median(times[0]), median(times[1])];
}

async function eachOf<T>(
  [a, b]: Pair<RestProcess>,
  measure: (service: RestProcess) => Promise<T>,
): Promise<Pair<T>> {
  return [await measure(a), await measure(b)];
}

/** Proportional set size: what is shared with other processes counts by its share. */
async function memoryMb({ process: { pid } }: RestProcess): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)![1]) / 1024;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
