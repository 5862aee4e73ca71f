/** Loads the catalog again and again: on request, and after failures with growing pauses. */
import { pause } from '@peakstone/kernel/service';
import { attemptLoad, type LoadDeps } from './catalogLoad.ts';

const firstPauseSeconds = 1;
const maxPauseSeconds = 32;
/** Between two loads. */
const firstCoolDownMs = 100;
const maxCoolDownMs = 2000;
/** Messages from one load to the next that a person may have caused, who goes on as soon as a change is served. */
const byHand = 2;

/**
 * The pause before the next load, when so many messages have come since the last one began: twice as long while a script says
 * one after the other, so that its thousand statements cost about ten loads and not a hundred. Pure.
 */
export function nextCoolDown(coolDownMs: number, messages: number): number {
  return messages > byHand ? Math.min(coolDownMs * 2, maxCoolDownMs) : firstCoolDownMs;
}

export interface CatalogLoop {
  /** Asks for a load; several requests during one load cause one more. */
  request(): void;
  /** Loads without waiting for a burst to end; settles when a load that began after the call is over, whatever came of it. */
  refresh(): Promise<void>;
  /** Settles after the first attempt, whatever came of it. */
  readonly firstAttempt: Promise<void>;
  /** Settles after the first success. */
  readonly firstSuccess: Promise<void>;
  /** Whether the last load asked for has succeeded. */
  readonly isLoaded: boolean;
  /** What the last attempt failed with; null when it did not, or is the first. */
  readonly failure: unknown;
  /** Whole seconds until the next attempt, at least 1. */
  readonly retryAfterSeconds: number;
  stop(): Promise<void>;
}

export function startCatalogLoop(deps: LoadDeps): CatalogLoop {
  const { config, emit } = deps;
  const aborter = new AbortController();
  const firstAttempt = Promise.withResolvers<void>();
  const firstSuccess = Promise.withResolvers<void>();
  let isPending = false;
  let messages = 0;
  let isLoaded = false;
  let failure: unknown = null;
  let nextAttemptAt = 0;
  let running: Promise<void> | null = null;
  /** Those who wait for a load that has not begun yet. */
  let waiting: PromiseWithResolvers<void>[] = [];
  let hurry = new AbortController();

  const run = async (): Promise<void> => {
    let pauseSeconds = firstPauseSeconds;
    let coolDownMs = firstCoolDownMs;
    while (!aborter.signal.aborted) {
      isPending = false;
      messages = 0;
      const served = waiting;
      waiting = [];
      hurry = new AbortController();
      const succeeded = await attemptLoad(deps, error => {
        failure = error;
        isLoaded = error === null;
      });
      firstAttempt.resolve();
      for (const { resolve } of served) resolve();
      if (succeeded) {
        pauseSeconds = firstPauseSeconds;
        firstSuccess.resolve();
        await pause(coolDownMs, AbortSignal.any([aborter.signal, hurry.signal]));
        if (!isPending) return;
        coolDownMs = nextCoolDown(coolDownMs, messages);
        continue;
      }
      if (!config().dbPoolAutomaticRecovery) return;
      nextAttemptAt = performance.now() + pauseSeconds * 1000;
      await pause(pauseSeconds * 1000, aborter.signal);
      if (aborter.signal.aborted) return;
      emit({ kind: 'retrying', seconds: pauseSeconds });
      pauseSeconds = Math.min(pauseSeconds * 2, maxPauseSeconds);
    }
  };

  const request = (): void => {
    isPending = true;
    messages++;
    running ??= run().finally(() => {
      running = null;
      // Asked for in the moment in which it ended.
      if (isPending && !aborter.signal.aborted && isLoaded) request();
    });
  };

  return {
    request,
    refresh() {
      const served = Promise.withResolvers<void>();
      if (aborter.signal.aborted) served.resolve();
      else {
        waiting.push(served);
        request();
        hurry.abort();
      }
      return served.promise;
    },
    firstAttempt: firstAttempt.promise,
    firstSuccess: firstSuccess.promise,
    get isLoaded() {
      return isLoaded;
    },
    get failure() {
      return failure;
    },
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil((nextAttemptAt - performance.now()) / 1000));
    },
    async stop() {
      aborter.abort();
      firstAttempt.resolve();
      await running;
      for (const { resolve } of waiting) resolve();
    },
  };
}
