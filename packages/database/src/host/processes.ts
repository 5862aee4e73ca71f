import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { statText } from '@peakstone/kernel/process';
import { systemCode } from '../errors.ts';

/** A suffix for what is made beside its place: says whose it is, so that what the dead left can be told. */
export function partialSuffix(): string {
  return `${process.pid}-${randomBytes(4).toString('hex')}`;
}

/**
 * Whether `pid` may be a server process working in `dataDir`, whose owner runs it. Where the system cannot tell the folder, its
 * name decides.
 */
export function worksIn(pid: number, dataDir: string): boolean {
  if (process.platform === 'linux') return workingFolder(pid) === dataDir && isOwnersOf(pid, dataDir);
  const run = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return run.status === 0 && run.stdout.includes('postgres');
}

/** Every process working in `dataDir`: a postmaster and its children, or orphans of one. Linux only; elsewhere none are found. */
export function processesIn(dataDir: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
  return pids.filter(pid => pid !== process.pid && worksIn(pid, dataDir) && isPostgres(pid));
}

/** Waits until `done()`; false when it did not come within the time. */
export async function waitFor(done: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!done()) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    // Gone, or another user's.
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Root's shell may work there as well. */
function isOwnersOf(pid: number, dataDir: string): boolean {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === statSync(dataDir).uid;
}

function isPostgres(pid: number): boolean {
  return statText(pid)?.includes('(postgres)') ?? false;
}
