import type { OnBackupEvent } from './events.ts';

const firstRetryMs = 60_000;
const maxRetryMs = 60 * 60_000;

interface Failure {
  readonly reason: string;
  /** When it is tried again, by a clock that is never put right. */
  readonly again: number;
  readonly pauseMs: number;
}

/** Jobs that are tried again after a while when they fail, and told in the health until they succeed. */
export class Attempts {
  readonly #failures = new Map<string, Failure>();
  readonly #onEvent: OnBackupEvent;
  readonly #signal: AbortSignal;

  constructor(onEvent: OnBackupEvent, signal: AbortSignal) {
    this.#onEvent = onEvent;
    this.#signal = signal;
  }

  /** The job that failed first of those that have not succeeded since. */
  get failed(): { readonly name: string; readonly reason: string } | undefined {
    const [failed] = this.#failures;
    return failed && { name: failed[0], reason: failed[1].reason };
  }

  /** Does the job, unless it failed a moment ago. Never throws. @param longestMs until it is tried again */
  async try(name: string, work: () => Promise<void>, longestMs = maxRetryMs): Promise<void> {
    const failed = this.#failures.get(name);
    if (this.#signal.aborted || (failed && failed.again > performance.now())) return;
    try {
      await work();
      this.#failures.delete(name);
    } catch (error) {
      if (this.#signal.aborted) return;
      const reason = (error as Error).message;
      const pauseMs = Math.min(failed ? failed.pauseMs * 2 : firstRetryMs, longestMs);
      this.#failures.set(name, { reason, pauseMs, again: performance.now() + pauseMs });
      this.#onEvent({ kind: 'failed', what: name, reason });
    }
  }
}
