import { exitCodes } from '../grammar/errors.ts';
import { sameKeyPressMs } from '../up/signals.ts';

/**
 * The first Ctrl-C (or a polite end) cancels; a second one, should the server not answer, ends the process at once: the
 * server then rolls back what is not committed as soon as it notices.
 */
export function cancelOnSignals(cancel: () => void, stderr: NodeJS.WritableStream): { release(): void } {
  let firstAt = 0;
  const onSignal = (): void => {
    if (firstAt === 0) {
      firstAt = Date.now();
      cancel();
    } else if (Date.now() - firstAt > sameKeyPressMs) {
      stderr.write('Ended at once. The server rolls back what is not committed when it notices.\n');
      process.exit(exitCodes.interrupted);
    }
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
