/**
 * In a clone of the sources nothing is built beforehand: the first request has it done, in a process of its own, and again when a
 * source of the web app has changed. A published package has the files, and no sources.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILT } from './place.ts';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const CONFIG = path.join(PACKAGE, 'vite.config.ts');
/** Which sources the files were made of. */
const MADE_OF = path.join(BUILT, 'sources');

let building: Promise<void> | null = null;

/** Resolves when the files are those of the sources, at once where there are none. @throws with what the builder said */
export async function ensureBuilt(): Promise<void> {
  if (!existsSync(CONFIG)) return;
  building ??= build().finally(() => {
    building = null;
  });
  await building;
}

async function build(): Promise<void> {
  const sources = sourcesOf();
  if (existsSync(MADE_OF) && readFileSync(MADE_OF, 'utf8') === sources) return;
  const vite = path.join(
    path.dirname(fileURLToPath(import.meta.resolve('vite/package.json'))),
    'bin',
    'vite.js',
  );
  await run([vite, 'build', '--config', CONFIG, '--logLevel', 'error']);
  writeFileSync(MADE_OF, sources);
}

function sourcesOf(): string {
  const hash = createHash('sha256');
  for (const name of globSync('{vite.config.ts,package.json,src/**/*.{ts,tsx,css,html,svg}}', {
    cwd: PACKAGE,
  }).sort()) {
    const { size, mtimeMs } = statSync(path.join(PACKAGE, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: PACKAGE, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8192);
    });
    child.once('error', reject);
    child.once('exit', code =>
      code === 0 ? resolve() : reject(new Error(`The console could not be built: ${said || `code ${code}`}`)),
    );
  });
}
