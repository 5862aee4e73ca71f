/**
 * How long a stack takes to come up, and what it takes of memory when idle.
 *
 *   node packages/stack/bench/start.ts [--runs 5] [--installed FOLDER]
 *
 * `--installed`: not the sources, but what was installed from tarballs in this project.
 *
 * `first`: nothing cached, initdb included. `new`: a new project on a machine that has started one before.
 * `warm`: a project that has its data. Each from the spawn of the command to every health check green.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median, startCli, stopCli, temporaryFolder } from './parts/cli.ts';
import { commandOf, processTree, residentKb } from './parts/processes.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    port: { type: 'string', default: '21800' },
    installed: { type: 'string' },
  },
});
const runs = Number(values.runs);
const portBase = Number(values.port);
/** Until connections have been made, catalogs loaded and garbage collected, which is done at rest every 5 s. */
const settleMs = 12_000;

const root = temporaryFolder('peakstone-bench-');
const times: Record<'first' | 'new' | 'warm', number[]> = { first: [], new: [], warm: [] };
const idle: number[] = [];
const nodeShare: number[] = [];
const nodeOwn: number[] = [];
try {
  for (let run = 0; run < runs; run++) {
    const cache = join(root, `cache-${run}`);
    for (const kind of ['first', 'new'] as const) {
      const folder = join(root, `${kind}-${run}`);
      mkdirSync(folder);
      const cold = await startCli(folder, portBase, { PEAKSTONE_CACHE_DIR: cache }, values.installed);
      times[kind].push(cold.upMs);
      await stopCli(cold);
    }
    const warm = await startCli(
      join(root, `new-${run}`),
      portBase,
      { PEAKSTONE_CACHE_DIR: cache },
      values.installed,
    );
    times.warm.push(warm.upMs);
    await sleep(settleMs);
    const tree = processTree(warm.child.pid!).map(pid => ({
      name: commandOf(pid),
      kb: residentKb(pid, 'Pss') ?? 0,
      ownKb: residentKb(pid, 'Private_Dirty') ?? 0,
    }));
    idle.push(tree.reduce((sum, { kb }) => sum + kb, 0) / 1024);
    nodeShare.push(
      tree.filter(({ name }) => name.startsWith('node')).reduce((sum, { kb }) => sum + kb, 0) / 1024,
    );
    nodeOwn.push(
      tree.filter(({ name }) => name.startsWith('node')).reduce((sum, { ownKb }) => sum + ownKb, 0) / 1024,
    );
    await stopCli(warm);
    rmSync(join(root, `first-${run}`), { recursive: true });
    rmSync(join(root, `new-${run}`), { recursive: true });
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

const line = (name: string, samples: readonly number[], unit: string, limit: string): void => {
  const [low, high] = [Math.min(...samples), Math.max(...samples)];
  const digits = unit === 's' ? 2 : 0;
  console.log(
    `${name.padEnd(34)} ${median(samples).toFixed(digits).padStart(7)} ${unit.padEnd(3)} (${low.toFixed(digits)}–${high.toFixed(digits)})  ${limit}`,
  );
};
console.log(`medians of ${runs} interleaved runs (lowest–highest)`);
line(
  'cold start, first on a machine',
  times.first.map(ms => ms / 1000),
  's',
  'limit 5',
);
line(
  'cold start, new project',
  times.new.map(ms => ms / 1000),
  's',
  'limit 5',
);
line(
  'warm start',
  times.warm.map(ms => ms / 1000),
  's',
  'limit 1.5',
);
line('idle memory of all processes (PSS)', idle, 'MB', 'limit 250');
line('  of which Node', nodeShare, 'MB', '');
line('  Node, what it wrote itself', nodeOwn, 'MB', '');
