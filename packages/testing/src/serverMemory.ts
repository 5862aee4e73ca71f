import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';
import { connect } from './sql.ts';

/** Whether what a process of the server takes can be read here. */
export const readsServerMemory: boolean = process.platform === 'linux';

const lookEveryMs = 10;
const listEveryMs = 100;

export interface WatchedMemory {
  /** What all sessions of the database took of their own at the same time, at most. */
  readonly peakBytes: number;
  readonly looks: number;
}

/** Runs `work`, and looks meanwhile at the memory of the database's sessions that none of them shares with others. Linux only. */
export async function watchServerMemory(
  { superuserUrl }: Pick<TestDatabase, 'superuserUrl'>,
  work: () => Promise<void>,
): Promise<WatchedMemory> {
  const client = connect(superuserUrl);
  let peakBytes = 0;
  let looks = 0;
  let isOver = false;
  const watch = async (): Promise<void> => {
    let pids: readonly string[] = [];
    let listedAt = Number.NEGATIVE_INFINITY;
    while (!isOver) {
      if (performance.now() - listedAt > listEveryMs) {
        const rows = await client.query(
          'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
        pids = rows.map(([pid]) => String(pid));
        listedAt = performance.now();
      }
      const each = await Promise.all(pids.map(privateBytes));
      peakBytes = Math.max(
        peakBytes,
        each.reduce((sum, bytes) => sum + bytes, 0),
      );
      looks++;
      await sleep(lookEveryMs);
    }
  };
  const watching = watch();
  try {
    await work();
  } finally {
    isOver = true;
    await watching.finally(() => client.close());
  }
  return { peakBytes, looks };
}

async function privateBytes(pid: string): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return 1024 * Number(/^RssAnon:\s*(\d+) kB/m.exec(status)?.[1] ?? 0);
  } catch (error) {
    // A session may have ended since it was listed.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}
