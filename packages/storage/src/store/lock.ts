/** One process a folder: two would each believe that they alone write. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, startTime } from '@peakstone/kernel/process';
import { lockFile } from './folder.ts';
import { StoreError } from './storeError.ts';

/** @throws {StoreError} IN_USE; returns what gives the folder free */
export function lockFolder(folder: string): () => void {
  const file = path.join(folder, lockFile);
  for (let tries = 0; ; tries++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, `${process.pid} ${startTime(process.pid) ?? ''}\n`);
      closeSync(fd);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw error;
    }
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ');
    if (holds(Number(pid), start))
      throw new StoreError(
        'IN_USE',
        `${folder} is in use by process ${pid}.`,
        'Stop it, or name another folder.',
      );
    rmSync(file, { force: true });
  }
}

/** A server whose supervisor was killed is on its way down when the next one starts. */
const patienceMs = 5_000;

/** @throws {StoreError} IN_USE when it stays so */
export async function lockFolderSoon(folder: string): Promise<() => void> {
  for (const until = performance.now() + patienceMs; ; ) {
    try {
      return lockFolder(folder);
    } catch (error) {
      if (!(error instanceof StoreError) || performance.now() > until) throw error;
    }
    await sleep(50);
  }
}

/** A process that has ended and only waits for its parent holds nothing. */
function holds(pid: number, start: string): boolean {
  if (pid === process.pid || !isAlive(pid)) return false;
  return start === '' || startTime(pid) === start;
}
