/**
 * Runs a package's bench. Usage: npm run bench -- NAME [OPTIONS], where NAME is PACKAGE/FILE, such as rest/http.
 * Without a name it lists what there is.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** Benches by name; files under parts/ are parts of them. */
const benches = new Map(
  globSync('packages/*/bench/**/*.ts', { cwd: root })
    .map(
      file =>
        [file.replace(/^packages\/([^/]+)\/bench\//, '$1/').replace(/\.ts$/, ''), join(root, file)] as const,
    )
    .filter(([, file]) => !file.includes('/parts/'))
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);

const [name, ...options] = process.argv.slice(2);
const file = name === undefined ? undefined : benches.get(name);
const helps = name === undefined || name === '--help' || name === '-h';
if (file === undefined) {
  if (!helps) process.stderr.write(`There is no bench named ${name}.\n`);
  process.stdout.write(
    `npm run bench -- NAME [OPTIONS]\n\nBenches:\n${[...benches.keys()].map(each => `  npm run bench -- ${each}\n`).join('')}`,
  );
  process.exitCode = helps ? 0 : 2;
} else {
  const child = spawn(process.execPath, ['--expose-gc', file, ...options], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('close', code => {
    process.exitCode = code ?? 1;
  });
}
