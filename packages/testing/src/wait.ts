import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';
import { connect } from './sql.ts';

/** No condition is waited for longer: whatever the machine has to do besides, it has happened by then. */
const LIMIT_MS = 60_000;

/** Waits until something has become true, and fails when it does not. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await what())) {
    if (performance.now() > deadline)
      throw new Error(`It did not happen within ${LIMIT_MS / 1000} s: ${what}`);
    await sleep(20);
  }
}

/** A count that has begun and does not change for this long stands still, also on a machine that is slow. */
const stillMs = 500;

/** Waits until a count has begun, and then until it stands still: for what must come to a halt by itself. */
export async function untilStill(count: () => number): Promise<void> {
  await until(() => count() > 0);
  for (let seen = 0; seen !== count(); await sleep(stillMs)) seen = count();
}

/** A lock that statements wait for until the test lets them go on: slow for exactly as long as a test wants it. */
export interface HeldLock {
  /** Settles once at least `count` statements wait. */
  waiting(count: number): Promise<void>;
  /** How many wait now. */
  count(): Promise<number>;
  release(): Promise<void>;
}

/** A statement that waits for the lock, and has it until its transaction ends. */
export const WAIT_FOR_LOCK = 'select pg_advisory_xact_lock_shared(4711)';

/** Takes the lock of `database`; one at a time. */
export async function holdLock(database: Pick<TestDatabase, 'superuserUrl'>): Promise<HeldLock> {
  const holder = connect(database.superuserUrl);
  await holder.query('select pg_advisory_lock(4711)');
  const count = async (): Promise<number> => {
    const [row] = await holder.query(
      `select count(*) from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())`,
    );
    return Number(row?.[0]);
  };
  return {
    waiting: wanted => until(async () => (await count()) >= wanted),
    count,
    // The session's locks end with it.
    release: () => holder.close(),
  };
}
