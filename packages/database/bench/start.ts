/**
 * `node packages/database/bench/start.ts [--rounds 7]`
 *
 * Prints how long PostgreSQL and its bootstrap take, as medians of interleaved runs: on an empty folder with initdb,
 * on an empty folder from the template, warm, and after kill -9; and what the idle server holds in memory.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { signalProcess } from '@peakstone/kernel/process';
import { systemCode } from '../src/errors.ts';
import { processesIn } from '../src/host/processes.ts';
import { databaseService, ensureSecrets, type RunningDatabase } from '../src/index.ts';
import { remove, temporaryFolder } from '../test/support.ts';
import { variables } from '../test/variables.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const folder = temporaryFolder();
const secrets = ensureSecrets(path.join(folder, '.env'), { variables }).values;
const times = new Map<string, number[]>();

async function timed(name: string, dataDir: string, cacheDir: string): Promise<RunningDatabase> {
  mkdirSync(cacheDir, { recursive: true, mode: 0o755 });
  process.env.PEAKSTONE_CACHE_DIR = cacheDir;
  const config = databaseService.config({ ...secrets, DATABASE_ENGINE: 'embedded', DATABASE_DIR: dataDir });
  const startedAt = performance.now();
  const running = await databaseService.start(
    { ...config, port: { port: 0, fixed: false } },
    { onEvent: () => {} },
    new AbortController().signal,
  );
  times.set(name, [...(times.get(name) ?? []), performance.now() - startedAt]);
  return running;
}

/** Proportional set size: shared memory counts once. */
function memoryMegabytes(dataDir: string): number {
  const kilobytes = processesIn(dataDir).map(pid => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch (error) {
      // A backend that has just ended.
      if (['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '')) return 0;
      throw error;
    }
  });
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1024;
}

let memory = Number.NaN;
try {
  const shared = path.join(folder, 'cache');
  await (await timed('warm-up', path.join(folder, 'first'), shared)).stop();
  for (let round = 0; round < Number(values.rounds); round++) {
    const place = path.join(folder, String(round));
    await (await timed('empty folder, initdb', path.join(place, 'cold'), path.join(place, 'cache'))).stop();
    const dataDir = path.join(place, 'template');
    await (await timed('empty folder, template', dataDir, shared)).stop();
    await (await timed('warm', dataDir, shared)).stop();
    const killed = await timed('warm', dataDir, shared);
    if (process.platform === 'linux') memory = memoryMegabytes(dataDir);
    for (const pid of processesIn(dataDir)) signalProcess(pid, 'SIGKILL');
    await killed.stop();
    await (await timed('after kill -9', dataDir, shared)).stop();
    remove(place);
  }
} finally {
  remove(folder);
}
times.delete('warm-up');
for (const [name, samples] of times) {
  samples.sort((a, b) => a - b);
  const at = (share: number) => Math.round(samples[Math.floor((samples.length - 1) * share)] ?? Number.NaN);
  process.stdout.write(
    `${name.padEnd(24)} median ${at(0.5)} ms (${at(0)} to ${at(1)}, ${samples.length} runs)\n`,
  );
}
if (!Number.isNaN(memory)) process.stdout.write(`${'idle memory'.padEnd(24)} ${memory.toFixed(0)} MB\n`);
