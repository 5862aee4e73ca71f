/** Other processes of this machine: whether they live, and which they are. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Whether a process of that id runs, whoever owns it. One that has ended and only waits for its parent does not. */
export function isAlive(pid: number): boolean {
  return isTaken(pid) && !isZombie(pid);
}

/** Whether the system still gives the id to something, be it a zombie. */
export function isTaken(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Ids are reused; an id together with this text is one process. Undefined when it is gone. */
export function startTime(pid: number): string | undefined {
  if (process.platform === 'linux') return statFields(pid)?.[19];
  const run = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** The process that started it, or whom the system gave it to when that ended; undefined when it is gone. */
export function parentOf(pid: number): number | undefined {
  if (process.platform === 'linux') {
    const parent = statFields(pid)?.[1];
    return parent === undefined ? undefined : Number(parent);
  }
  const run = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' });
  return run.status === 0 ? Number(run.stdout) : undefined;
}

/** Sends a signal; false when the process is already gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** The text of /proc/PID/stat; undefined when the process is gone. Linux only. */
export function statText(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** All of it: a process whose first thread has ended keeps its files and ports until the last one has. */
function isZombie(pid: number): boolean {
  return process.platform === 'linux' && statFields(pid)?.[0] === 'Z' && threads(pid) <= 1;
}

function threads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}

/** Fields of /proc/PID/stat from the third (state) on; the second may hold any character. */
function statFields(pid: number): string[] | undefined {
  const text = statText(pid);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}
