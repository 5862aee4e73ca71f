import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** PostgreSQL 17's own client programs, where this machine has them: our peers. Undefined, or the path. */
export function findProgram(name: string): string | undefined {
  const folders = ['/usr/lib/postgresql/17/bin', ...(process.env.PATH ?? '').split(':')];
  return folders
    .map(folder => path.join(folder, name))
    .find(
      file =>
        existsSync(file) && / 17\./.test(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
    );
}

/** Runs one to its end. @throws with what it said */
export function runProgram(file: string, args: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${path.basename(file)} ended with ${status}: ${stdout}${stderr}`);
}
