import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from '../errors.ts';

/** Whether a process of that id runs, whoever owns it. One that has ended and only waits for its parent does not. */
export function isAlive(pid: number): boolean {
  return isTaken(pid) && !isZombie(pid);
}

/** Whether the system still gives the id to something, be it a zombie: what PostgreSQL itself looks at. */
export function isTaken(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** A suffix for what is made beside its place: says whose it is, so that what the dead left can be told. */
export function partialSuffix(): string {
  return `${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Ids are reused; an id together with this text is one process. Undefined when it is gone. */
export function startTime(pid: number): string | undefined {
  if (process.platform === 'linux') return statFields(pid)?.[19];
  const run = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** Whether `pid` may be a server process working in `dataDir`. Where the system cannot tell the folder, its name decides. */
export function worksIn(pid: number, dataDir: string): boolean {
  if (process.platform === 'linux') return workingFolder(pid) === dataDir;
  const run = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return run.status === 0 && run.stdout.includes('postgres');
}

/** Every process working in `dataDir`: a postmaster and its children, or orphans of one. Linux only; elsewhere none are found. */
export function processesIn(dataDir: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
  return pids.filter(pid => pid !== process.pid && workingFolder(pid) === dataDir && isPostgres(pid));
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

/** Sends a signal; false when the process is already gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
    throw error;
  }
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

function isPostgres(pid: number): boolean {
  return statText(pid)?.includes('(postgres)') ?? false;
}

function isZombie(pid: number): boolean {
  return process.platform === 'linux' && statFields(pid)?.[0] === 'Z';
}

/** Fields of /proc/PID/stat from the third (state) on; the second may hold any character. */
function statFields(pid: number): string[] | undefined {
  const text = statText(pid);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function statText(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
