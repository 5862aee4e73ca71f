/** Sees to it that both accounts agree: at the start, when the database is back, and from time to time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RecordError } from './errors.ts';
import type { Records } from './records.ts';

const everyMs = 30_000;
const shortestMs = 500;
const longestMs = 10_000;

/** @returns ends it, and resolves when what was under way is done */
export function startKeeper(records: Records, onFailure: (error: unknown) => void): () => Promise<void> {
  const stop = new AbortController();
  const running = keep(records, stop.signal, onFailure);
  return async () => {
    stop.abort();
    await running;
  };
}

async function keep(
  records: Records,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<void> {
  let pauseMs = shortestMs;
  while (!signal.aborted) {
    let wait = everyMs;
    try {
      await records.recover();
      pauseMs = shortestMs;
    } catch (error) {
      // A database that is not up yet, or has no schema storage yet, is waited for.
      if (!(error instanceof RecordError)) onFailure(error);
      wait = pauseMs;
      pauseMs = Math.min(longestMs, pauseMs * 2);
    }
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}
