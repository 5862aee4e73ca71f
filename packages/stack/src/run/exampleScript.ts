import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { StackError } from '../project/errors.ts';

/** What is kept of a failing script's words. */
const maxErrorBytes = 4000;

/**
 * Runs a script of an example by this Node, with DATABASE_URL and nothing of the stack's other secrets.
 * @param onLine each line it prints, as progress.
 * @throws {StackError} `example` when it fails, `aborted` when it was interrupted.
 */
export async function runScript(
  file: string,
  databaseUrl: string,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<void> {
  const { PATH, HOME, TMPDIR, LANG } = process.env;
  const child = spawn(process.execPath, [file], {
    cwd: dirname(file),
    env: { PATH, HOME, TMPDIR, LANG, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const abort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-maxErrorBytes);
  });
  createInterface({ input: child.stdout }).on('line', line => {
    if (line.trim() !== '') onLine(line.trim());
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
    if (signal.aborted)
      throw new StackError('aborted', 'The start was interrupted; everything is stopped again.');
    if (code !== 0)
      throw new StackError('example', `${file} failed:\n${errors.trim()}`, {
        hint: 'Steps before it are kept. Correct it and start again.',
      });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
