import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'receive WAL and make backups, as the environment says (what the container runs)',
  hidden: true,
  run: async (_invocation, context) => {
    const { runBackups } = await import('@peakstone/stack/backup');
    const { stopOnBug, stopOnSignals } = await import('../../up/signals.ts');
    const signals = stopOnSignals(text => context.stderr.write(`${text}\n`));
    try {
      const running = await runBackups(context.env, text => context.stdout.write(text));
      stopOnBug(running.stop, text => context.stderr.write(text));
      await signals.stopped;
      await running.stop();
      return exitCodes.ok;
    } finally {
      signals.release();
    }
  },
};
