import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Shop, startShop } from './fixture.ts';

const run = promisify(execFile);

/** Runs a program whose children end with it when it takes too long, so that none writes on. */
async function runGroup(program: string, args: readonly string[], timeoutMs: number): Promise<void> {
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill(-child.pid!, 'SIGKILL');
  }, timeoutMs);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (isLate) throw new Error(`${program} took more than ${timeoutMs / 1000} s`);
    if (code !== 0) throw new Error(errors.trim().split('\n').at(-1) || `${program} ended with ${code}`);
  } finally {
    clearTimeout(timer);
  }
}

/** The client's release that the script speaks to. */
const clientPackage = 'postgrest==2.34.1';

/** Makes a virtual environment with the client in it. @returns its Python, or why there is none. */
async function install(folder: string): Promise<{ readonly python: string } | { readonly reason: string }> {
  const python = join(folder, 'bin', 'python');
  try {
    await runGroup('python3', ['-m', 'venv', folder], 90_000);
    const quiet = ['--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '10'];
    await runGroup(python, ['-m', 'pip', 'install', ...quiet, clientPackage], 120_000);
    return { python };
  } catch (error) {
    return { reason: `${clientPackage} cannot be installed here: ${(error as Error).message}` };
  }
}

describe('the Python client', () => {
  let folder: string;
  let shop: Shop;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postgrest-py-'));
    shop = await startShop();
    await shop.reset();
  });
  after(async () => {
    await shop.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('finds everything it speaks of', async test => {
    const installed = await install(folder);
    if ('reason' in installed) {
      test.skip(installed.reason);
      return;
    }
    const script = fileURLToPath(new URL('surface.py', import.meta.url));
    const { stdout } = await run(installed.python, [script, shop.url, shop.token], { timeout: 60_000 }).catch(
      (error: { stdout?: string; stderr?: string }) => ({
        stdout: `${error.stdout ?? ''}${error.stderr ?? ''}`,
      }),
    );
    assert.equal(stdout.trim(), '');
  });
});
