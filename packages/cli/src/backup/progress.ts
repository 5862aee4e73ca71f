import type { BackupEvent } from '@peakstone/stack/backup';
import type { Context } from '../grammar/command.ts';
import { CliError, exitCodes } from '../grammar/errors.ts';
import { printable } from '../output/printable.ts';
import { styleFor } from '../output/style.ts';

/** The moving line is drawn anew this often at most. */
const drawMs = 100;

/**
 * Runs `work` and tells on standard error how it goes: a line a step, and on a terminal a moving one. Ctrl-C undoes what is half
 * done and ends with 130.
 */
export async function withBackupProgress<T>(
  context: Context,
  work: (onEvent: (event: BackupEvent) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { describeBackupEvent, megabytes } = await import('@peakstone/stack/backup');
  const { stopOnSignals } = await import('../up/signals.ts');
  const { stderr } = context;
  const style = styleFor(stderr, context.env);
  const isLive = stderr.isTTY === true && context.env.TERM !== 'dumb';
  let drawnAt = 0;
  const clear = (): void => {
    if (drawnAt > 0) stderr.write('\r\u001b[2K');
    drawnAt = 0;
  };
  const onEvent = (event: BackupEvent): void => {
    if (event.kind === 'copied' || event.kind === 'extracted') {
      if (!isLive || Date.now() - drawnAt < drawMs) return;
      clear();
      drawnAt = Date.now();
      const part = Math.min(100, Math.floor((event.bytes * 100) / Math.max(1, event.total)));
      stderr.write(style.dim(`${megabytes(event.bytes)} of about ${megabytes(event.total)}, ${part} %`));
      return;
    }
    const text = describeBackupEvent(event);
    if (text === undefined) return;
    clear();
    stderr.write(`${style.dim('·')} ${printable(text)}\n`);
  };
  const signals = stopOnSignals(text => stderr.write(`${text}\n`));
  try {
    return await work(onEvent, signals.signal);
  } catch (error) {
    if (!signals.signal.aborted) throw error;
    throw new CliError('Interrupted; what was half done is undone.', { exitCode: exitCodes.interrupted });
  } finally {
    clear();
    signals.release();
  }
}
