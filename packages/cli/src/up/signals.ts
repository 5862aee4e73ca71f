import { exitCodes } from '../grammar/errors.ts';

export interface StopSignals {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal. */
  readonly stopped: Promise<void>;
  release(): void;
}

/** npm hands Ctrl-C on to a child that the terminal has already sent it to: twice at once is once. */
export const sameKeyPressMs = 700;

/**
 * A bug must not leave a database without its keeper: what nobody has caught ends the stack in order, then the process.
 * @param say where the error goes: standard error, or the file that the background process has for it.
 */
export function stopOnBug(stop: () => Promise<void>, say: (text: string) => void): void {
  process.once('uncaughtException', error => {
    say(`${error.stack ?? error.message}\n`);
    stop().finally(() => process.exit(exitCodes.failure));
  });
}

/** The first SIGINT, SIGTERM or SIGHUP asks for a clean stop, a second one ends the process at once. */
export function stopOnSignals(note: (text: string) => void): StopSignals {
  const abort = new AbortController();
  let firstAt = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    if (firstAt === 0) {
      firstAt = Date.now();
      abort.abort();
      if (name === 'SIGINT')
        note('Stopping; what is under way is finished first. Ctrl-C again ends at once.');
    } else if (Date.now() - firstAt > sameKeyPressMs) {
      note('Ended at once. The next start recovers what was committed.');
      process.exit(exitCodes.interrupted);
    }
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: abort.signal,
    stopped: new Promise(resolve => abort.signal.addEventListener('abort', () => resolve(), { once: true })),
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
