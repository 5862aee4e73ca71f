import type { Context } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { stopOnBug, stopOnSignals } from './signals.ts';

/** Runs a service in the foreground until a signal asks for its end, which is waited for. */
export async function runService(
  { stderr }: Pick<Context, 'stderr'>,
  start: () => Promise<{ stop(): Promise<void> }>,
): Promise<number> {
  const say = (text: string): void => void stderr.write(text);
  const signals = stopOnSignals(text => say(`${text}\n`));
  try {
    const running = await start();
    stopOnBug(() => running.stop(), say);
    await signals.stopped;
    await running.stop();
    return exitCodes.ok;
  } finally {
    signals.release();
  }
}
