import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Interface } from 'node:readline';
import type { Context } from '../../grammar/command.ts';

/** The text as it comes back from $VISUAL or $EDITOR; null when the editor failed, which is said. */
export async function edit(
  text: string,
  named: string | null,
  { cwd, env, stdin, stderr }: Context,
  readline: Interface,
): Promise<string | null> {
  const folder = named === null ? mkdtempSync(join(tmpdir(), 'peakstone-sql-')) : null;
  const file = folder === null ? resolve(cwd, named!) : join(folder, 'query.sql');
  const editor = env.VISUAL || env.EDITOR || 'vi';
  try {
    if (folder !== null) writeFileSync(file, text, { mode: 0o600 });
    // The terminal is the editor's until it ends.
    readline.pause();
    stdin.setRawMode(false);
    const { status, error } = spawnSync('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], {
      stdio: 'inherit',
    });
    if (error || status !== 0) {
      stderr.write(`${editor} ended with ${error?.message ?? status}. EDITOR names another one.\n`);
      return null;
    }
    return readFileSync(file, 'utf8');
  } finally {
    stdin.setRawMode(true);
    readline.resume();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}
