import { interruptions } from '../../backup/interruptions.ts';
import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { stackOf } from '../../stack.ts';
import { clusterOption, textOf } from './options.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'read backups and WAL in the store, and say what cannot be restored',
  description:
    'Every byte is read and held against its checksum and the server’s own list of files; WAL must lead from the oldest backup to now without a gap. Exit code 4 when something is wrong.',
  arguments: [{ name: 'ID', summary: 'backups (all when left out)', required: false, many: true }],
  options: {
    quick: { kind: 'flag', summary: 'Only look whether everything is there' },
    ...clusterOption,
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone backup verify', does: 'Everything' },
    { command: 'peakstone backup verify --quick', does: 'What is there, without reading it' },
  ],
  run: async (invocation, context) => {
    const { options, arguments: ids } = invocation;
    const { verifyStackBackups } = await import('@peakstone/stack/backup');
    const { withBackupProgress } = await import('../../backup/progress.ts');
    const { renderVerification } = await import('../../backup/render.ts');
    const paths = await stackOf(invocation, context);
    return await withBackupProgress(
      context,
      interruptions.verify,
      (onEvent, signal) =>
        verifyStackBackups(paths, context.env, textOf(options, 'cluster'), {
          ids: ids.length > 0 ? ids : undefined,
          deep: options.quick !== true,
          onEvent,
          signal,
        }),
      found => {
        const isWell =
          found.walProblems.length === 0 && found.backups.every(({ problems }) => problems.length === 0);
        context.stdout.write(
          options.json ? `${toJson({ ok: isWell, ...found })}\n` : renderVerification(found),
        );
        return isWell ? exitCodes.ok : exitCodes.unhealthy;
      },
    );
  },
};
