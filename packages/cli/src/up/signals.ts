import { exitCodes } from '../grammar/errors.ts';
import { onSignals } from '../interrupt.ts';

export interface StopSignals {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal. */
  readonly stopped: Promise<void>;
  release(): void;
}

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
  const { release } = onSignals({
    first: name => {
      abort.abort();
      if (name === 'SIGINT')
        note('Stopping; what is under way is finished first. Ctrl-C again ends at once.');
    },
    again: 'The next start recovers what was committed.',
    say: note,
  });
  return {
    signal: abort.signal,
    stopped: new Promise(resolve => abort.signal.addEventListener('abort', () => resolve(), { once: true })),
    release,
  };
}
