/** Loads the catalog again and again: on request, and after failures with growing pauses. */
import { pause } from '@peakstone/kernel/service';
import { attemptLoad, type LoadDeps } from './catalogLoad.ts';

const firstPauseSeconds = 1;
const maxPauseSeconds = 32;
/** A burst of reload messages costs two loads: the one under way and one after it. */
const coolDownMs = 100;

export interface CatalogLoop {
  /** Asks for a load; several requests during one load cause one more. */
  request(): void;
  /** Settles after the first attempt, whatever came of it. */
  readonly firstAttempt: Promise<void>;
  /** Settles after the first success. */
  readonly firstSuccess: Promise<void>;
  /** Whether the last load asked for has succeeded. */
  readonly isLoaded: boolean;
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
  let isLoaded = false;
  let nextAttemptAt = 0;
  let running: Promise<void> | null = null;

  const run = async (): Promise<void> => {
    let pauseSeconds = firstPauseSeconds;
    while (!aborter.signal.aborted) {
      isPending = false;
      const succeeded = await attemptLoad(deps, loaded => {
        isLoaded = loaded;
      });
      firstAttempt.resolve();
      if (succeeded) {
        pauseSeconds = firstPauseSeconds;
        firstSuccess.resolve();
        await pause(coolDownMs, aborter.signal);
        if (!isPending) return;
        continue;
      }
      if (!config().dbPoolAutomaticRecovery) return;
      nextAttemptAt = Date.now() + pauseSeconds * 1000;
      await pause(pauseSeconds * 1000, aborter.signal);
      if (aborter.signal.aborted) return;
      emit({ kind: 'retrying', seconds: pauseSeconds });
      pauseSeconds = Math.min(pauseSeconds * 2, maxPauseSeconds);
    }
  };

  return {
    request() {
      isPending = true;
      running ??= run().finally(() => {
        running = null;
      });
    },
    firstAttempt: firstAttempt.promise,
    firstSuccess: firstSuccess.promise,
    get isLoaded() {
      return isLoaded;
    },
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil((nextAttemptAt - Date.now()) / 1000));
    },
    async stop() {
      aborter.abort();
      firstAttempt.resolve();
      await running;
    },
  };
}
