/**
 * From tarballs to a stack that is up, in an empty folder: npm install, init, up. npm's cache is as it is; what it must
 * fetch anew comes over the network. --fresh empties the caches of PeakStone as well, so that initdb runs.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { reservePorts } from '@peakstone/testing';
import { temporaryFolder } from './parts/cli.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, fresh: { type: 'boolean', default: false } },
});
const repository = resolve(import.meta.dirname, '../../..');
const root = temporaryFolder('peakstone-install-');
const tarballs = join(root, 'tarballs');

try {
  run(repository, process.execPath, [join(repository, 'scripts/pack.ts'), tarballs]);
  process.stdout.write('            install     init       up      all\n');
  for (let i = 1; i <= Number(values.runs); i++) {
    const folder = join(root, `project-${i}`);
    mkdirSync(folder, { mode: 0o711 });
    const env = values.fresh ? { PEAKSTONE_CACHE_DIR: join(folder, '.cache') } : {};
    const steps = [
      timed(() =>
        run(folder, 'npm', ['install', '--no-audit', '--no-fund', ...globSync(join(tarballs, '*.tgz'))]),
      ),
      timed(() => run(folder, 'npx', ['peakstone', 'init'], env)),
    ];
    const base = String(await reservePorts(3));
    steps.push(timed(() => run(folder, 'npx', ['peakstone', 'up', '--detach', '--port-base', base], env)));
    run(folder, 'npx', ['peakstone', 'down']);
    const all = steps.reduce((sum, ms) => sum + ms, 0);
    process.stdout.write(
      `run ${i}     ${[...steps, all].map(ms => `${(ms / 1000).toFixed(1)} s`.padStart(8)).join(' ')}\n`,
    );
    rmSync(folder, { recursive: true });
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

function timed(act: () => void): number {
  const began = performance.now();
  act();
  return performance.now() - began;
}

function run(cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { npm_execpath: _, ...own } = process.env;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...own, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}: ${stdout}${stderr}`);
}
