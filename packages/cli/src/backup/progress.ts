import type { BackupEvent } from '@peakstone/stack/backup';
import type { Context } from '../grammar/command.ts';
import { type Interruption, interruptible } from '../interrupt.ts';
import { printableLine } from '../output/printable.ts';
import { styleFor } from '../output/style.ts';

/** The moving line is drawn anew this often at most. */
const drawMs = 100;

/**
 * Runs `work` and tells on standard error how it goes: a line a step, and on a terminal a moving one. Ctrl-C
 * cancels it, in the words of `interruption`.
 * @returns `conclude`'s exit code, or 130.
 */
export async function withBackupProgress<T>(
  context: Context,
  interruption: Interruption,
  work: (onEvent: (event: BackupEvent) => void, signal: AbortSignal) => Promise<T>,
  conclude: (done: T) => number,
): Promise<number> {
  const { describeBackupEvent, megabytes } = await import('@peakstone/stack/backup');
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
      if (!isLive || performance.now() - drawnAt < drawMs) return;
      clear();
      drawnAt = performance.now();
      stderr.write(style.dim(describeProgress(event.bytes, event.total, megabytes)));
      return;
    }
    const text = describeBackupEvent(event);
    if (text === undefined) return;
    clear();
    stderr.write(`${style.dim('·')} ${printableLine(text)}\n`);
  };
  return await interruptible(context, interruption, async signal =>
    conclude(await work(onEvent, signal).finally(clear)),
  );
}

function describeProgress(bytes: number, total: number | null, megabytes: (bytes: number) => string): string {
  if (total === null) return megabytes(bytes);
  const part = Math.min(100, Math.floor((bytes * 100) / Math.max(1, total)));
  return `${megabytes(bytes)} of about ${megabytes(total)}, ${part} %`;
}
