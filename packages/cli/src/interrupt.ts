import type { Context } from './grammar/command.ts';
import { exitCodes } from './grammar/errors.ts';
import { reportFailure } from './output/failure.ts';

/** npm hands Ctrl-C on to a child that the terminal has already sent it to: twice at once is once. */
const sameKeyPressMs = 700;

export interface SignalHandlers {
  /** The first SIGINT (Ctrl-C), SIGTERM or SIGHUP. */
  readonly first: (name: NodeJS.Signals) => void;
  /** What a second one leaves behind, which ends the process at once. */
  readonly again: string;
  readonly say: (text: string) => void;
}

/** Listens until `release`. */
export function onSignals({ first, again, say }: SignalHandlers): { release(): void } {
  let firstAt = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    if (firstAt === 0) {
      firstAt = performance.now();
      first(name);
    } else if (performance.now() - firstAt > sameKeyPressMs) {
      say(`Ended at once. ${again}`);
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

/** What a second Ctrl-C leaves where all work is the server's. */
export const serverRollsBack = 'The server rolls back what is not committed when it notices.';

/** Does `work`, whose signal is aborted by the first Ctrl-C, and which has words of its own for that. */
export async function untilInterrupted<T>(
  { stderr }: Context,
  work: (signal: AbortSignal) => Promise<T>,
  again: string = serverRollsBack,
): Promise<T> {
  const abort = new AbortController();
  const say = (text: string): void => void stderr.write(`${text}\n`);
  const signals = onSignals({ first: () => abort.abort(), again, say });
  try {
    return await work(abort.signal);
  } finally {
    signals.release();
  }
}

export interface Interruption {
  /** What a second Ctrl-C leaves behind. */
  readonly again: string;
  /** What there is after the first one. */
  readonly cancelled: string;
}

/**
 * Does `work`, which Ctrl-C cancels.
 * @returns its exit code, or that of what was interrupted, when it has said what there is then.
 */
export async function interruptible(
  context: Context,
  { again, cancelled }: Interruption,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  let signal: AbortSignal | undefined;
  try {
    return await untilInterrupted(
      context,
      given => {
        signal = given;
        return work(given);
      },
      again,
    );
  } catch (error) {
    if (!signal?.aborted) throw error;
    // What went wrong while it was undone makes the words untrue.
    if (isCancelled(error, signal)) context.stderr.write(`Cancelled. ${cancelled}\n`);
    else reportFailure(error, context);
    return exitCodes.interrupted;
  }
}

function isCancelled(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return name === 'AbortError' || code === 'cancelled' || code === 'aborted';
}
