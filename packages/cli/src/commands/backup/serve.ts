import type { Command } from '../../grammar/command.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'receive WAL and make backups, as the environment says (what the container runs)',
  hidden: true,
  run: async (_invocation, context) => {
    const { runBackups } = await import('@peakstone/stack/backup');
    const { runService } = await import('../../up/service.ts');
    return await runService(context, () => runBackups(context.env, text => context.stdout.write(text)));
  },
};
