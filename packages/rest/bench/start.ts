/**
 * How long the service takes from the start of its process to its first answer, and what processor time that costs: from the
 * sources, as a clone runs it, and from the published packages; beside another checkout's sources, started in turns.
 *
 * Usage: npm run bench -- rest/start [--rounds 15] [--sources] [--against FOLDER]
 * `--sources` leaves the packages out, which are built first. Needs Linux for the processor time.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchSettings, OURS, READ, startBenchDatabase, startRest } from './parts/service.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    sources: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
});
const packed = mkdtempSync(join(tmpdir(), 'peakstone-start-'));
const commands = new Map([['sources', OURS]]);
if (!options.sources) commands.set('packages', [...OURS.slice(0, -1), unpack(packed)]);
if (options.against !== undefined) {
  const program = join(options.against, 'packages/rest/bench/parts/serve.ts');
  commands.set('sources there', [...OURS.slice(0, -1), program]);
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
  rmSync(packed, { recursive: true });
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

/** Builds the packages and lays out what the service is made of, as npm would. @returns its program */
function unpack(folder: string): string {
  const tarballs = join(folder, 'tarballs');
  run(process.execPath, [resolve(import.meta.dirname, '../../../scripts/pack.ts'), tarballs]);
  for (const name of ['kernel', 'rest']) {
    const target = join(folder, 'node_modules/@peakstone', name);
    mkdirSync(target, { recursive: true });
    const tarball = readdirSync(tarballs).find(file => file.startsWith(`peakstone-${name}-`));
    run('tar', ['xzf', join(tarballs, tarball ?? name), '-C', target, '--strip-components=1']);
  }
  const program = join(folder, 'serve.mjs');
  writeFileSync(
    program,
    `import { runRest } from '@peakstone/rest/main';\nprocess.exitCode = await runRest([], process.env);\n`,
  );
  return program;
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}: ${stderr}`);
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
