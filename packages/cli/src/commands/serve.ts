import { closeSync, writeSync } from 'node:fs';
import type { Command } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import type { Report } from '../up/detach.ts';
import { stackSettings } from '../up/settings.ts';
import { stopOnBug, stopOnSignals } from '../up/signals.ts';
import { startOptions } from './up.ts';

/** The background process of `up --detach`: reports on descriptor 3 until it is up, then runs until it is told to stop. */
export const serve: Command = {
  name: '_serve',
  summary: 'run the stack for up --detach',
  hidden: true,
  options: startOptions,
  run: async (invocation, context) => {
    const { startStack } = await import('@peakstone/stack');
    const signals = stopOnSignals(() => undefined);
    let reporting = true;
    const report = (message: Report): void => {
      if (!reporting) return;
      try {
        writeSync(3, `${JSON.stringify(message)}\n`);
      } catch {
        // Whoever started us is gone; the stack starts all the same.
        reporting = false;
      }
    };
    try {
      const stack = await startStack({
        ...stackSettings(invocation, context),
        detached: true,
        onEvent: event => report({ kind: 'event', event }),
        signal: signals.signal,
      });
      stopOnBug(stack.stop, text => process.stderr.write(text));
      report({ kind: 'up', summary: stack.summary });
      reporting = false;
      closeSync(3);
      await Promise.race([signals.stopped, stack.stopRequested]);
      await stack.stop();
      return exitCodes.ok;
    } catch (error) {
      const { message, hint, code } = error as Error & { hint?: string; code?: unknown };
      report({ kind: 'failed', code: typeof code === 'string' ? code : null, message, hint: hint ?? null });
      return exitCodes.failure;
    } finally {
      signals.release();
    }
  },
};
