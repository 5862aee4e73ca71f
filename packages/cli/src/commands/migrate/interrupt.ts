import type { Context } from '../../grammar/command.ts';
import { cancelOnSignals } from '../../sql/interrupt.ts';

/** Does `work`, whose signal is aborted by the first Ctrl-C. */
export async function untilInterrupted<T>(
  { stderr }: Context,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const signals = cancelOnSignals(() => abort.abort(), stderr);
  try {
    return await work(abort.signal);
  } finally {
    signals.release();
  }
}
