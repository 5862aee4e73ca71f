/** One process a folder: two would each believe that they alone write. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { lockFile } from './folder.ts';
import { StoreError } from './storeError.ts';

/** @throws {StoreError} IN_USE; returns what gives the folder free */
export function lockFolder(folder: string): () => void {
  const file = path.join(folder, lockFile);
  for (let tries = 0; ; tries++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, `${process.pid} ${startOf(process.pid) ?? ''}\n`);
      closeSync(fd);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw error;
    }
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ');
    if (isAlive(Number(pid), start))
      throw new StoreError(
        'IN_USE',
        `${folder} is in use by process ${pid}.`,
        'Stop it, or name another folder.',
      );
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number, start: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  const now = startOf(pid);
  if (now !== undefined && start !== '') return now === start;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in the system's ticks: a number that another of the same id has not. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    // No such process, or a system without /proc.
    return undefined;
  }
}
