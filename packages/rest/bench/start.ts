/**
 * How long the service takes from the start of its process to its first answer, and what processor time that costs; beside
 * another checkout of it, started in turns.
 *
 * Usage: npm run bench -- rest/start [--rounds 15] [--against FOLDER]
 * Needs Linux for the processor time.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchSettings, OURS, READ, startBenchDatabase, startRest } from './parts/service.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, against: { type: 'string' } },
});
const commands = new Map([['here', OURS]]);
if (options.against !== undefined) {
  const program = join(options.against, 'packages/rest/bench/parts/serve.ts');
  commands.set('there', [...OURS.slice(0, -1), program]);
}
const times = new Map<string, { readonly ms: number; readonly cpuMs: number }[]>();
const database = await startBenchDatabase();
try {
  // The first round fills the compile cache and does not count.
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [name, command] of commands) {
      const service = await startRest(command, benchSettings(database), READ, database.token);
      const figures = { ms: service.startMs, cpuMs: await cpuMs(service.process.pid!) };
      if (round > 0) times.set(name, [...(times.get(name) ?? []), figures]);
      await service.stop();
    }
  }
} finally {
  await database.stop();
}
process.stdout.write(
  '| | to the first answer, ms (median) | fastest | processor time, ms (median) |\n|---|--:|--:|--:|\n',
);
for (const [name, all] of times) {
  const sorted = (pick: (each: (typeof all)[number]) => number) => all.map(pick).sort((a, b) => a - b);
  const [ms, cpu] = [sorted(each => each.ms), sorted(each => each.cpuMs)];
  const middle = Math.floor(all.length / 2);
  process.stdout.write(
    `| ${[name, ms[middle]!.toFixed(0), ms[0]!.toFixed(0), cpu[middle]!.toFixed(0)].join(' | ')} |\n`,
  );
}

/** Processor time of a process's threads until now. */
async function cpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const used = await Promise.all(
    threads.map(async thread => {
      // Nanoseconds on a processor, then what it waited for one.
      const [onProcessor] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'latin1')).split(' ');
      return Number(onProcessor) / 1e6;
    }),
  );
  return used.reduce((sum, ms) => sum + ms, 0);
}
