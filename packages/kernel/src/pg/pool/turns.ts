/**
 * Turns of those who would take too much of what all share: each runs some of his work at a time, and waits with the rest for so
 * long.
 */
import { PoolTimeoutError } from '../errors.ts';

export interface Turns {
  /** Runs `work` when it is `who`'s turn. @throws {PoolTimeoutError} when it does not come in time; the signal's reason when aborted. */
  run<T>(who: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface Share {
  running: number;
  readonly waiting: (() => void)[];
}

/** @param most how many of one run at a time; those who wait longer than `patienceMs` are refused. */
export function createTurns(most: number, patienceMs: number): Turns {
  const shares = new Map<string, Share>();

  const begin = async (who: string, share: Share, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (share.running < most) {
      share.running++;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whose turn comes takes over the place of who ends.
    share.waiting.push(resolve);
    const giveUp = (reason: unknown): void => {
      const at = share.waiting.indexOf(resolve);
      if (at < 0) return;
      share.waiting.splice(at, 1);
      reject(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const timer = setTimeout(
      () => giveUp(new PoolTimeoutError(`${who} has as many at work as one may`)),
      patienceMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  };

  return {
    async run(who, work, signal) {
      let share = shares.get(who);
      if (!share) {
        share = { running: 0, waiting: [] };
        shares.set(who, share);
      }
      await begin(who, share, signal);
      try {
        return await work();
      } finally {
        const next = share.waiting.shift();
        if (next) next();
        else if (--share.running === 0) shares.delete(who);
      }
    },
  };
}
