import { interruptions } from '../../backup/interruptions.ts';
import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { stackOf } from '../../stack.ts';
import { clusterOption, textOf } from './options.ts';

export const test: Command = {
  name: 'test',
  summary: 'restore a backup on a throw-away server and read everything there',
  description:
    'Every row is read, every page’s checksum with it, and amcheck looks at tables and indexes where the server has it. The result is kept in the store, unless another stack writes these backups. Exit code 4 when the backup fails the test.',
  arguments: [{ name: 'ID', summary: 'a backup (the newest when left out)', required: false }],
  options: { ...clusterOption, ...stackOptions, ...jsonOption },
  examples: [{ command: 'peakstone backup test', does: 'The newest state' }],
  run: async (invocation, context) => {
    const { options, arguments: ids } = invocation;
    const { testStackBackup } = await import('@peakstone/stack/backup');
    const { withBackupProgress } = await import('../../backup/progress.ts');
    const paths = await stackOf(invocation, context);
    return await withBackupProgress(
      context,
      interruptions.test,
      (onEvent, signal) =>
        testStackBackup(paths, context.env, {
          target: { kind: 'latest' },
          backup: ids[0],
          cluster: textOf(options, 'cluster'),
          onEvent,
          signal,
        }),
      result => {
        context.stdout.write(
          options.json
            ? `${toJson(result)}\n`
            : `${result.backup ?? 'no backup can be restored'}: ${result.ok || result.backup === null ? '' : 'failed: '}${result.text}\n`,
        );
        if (!result.kept)
          context.stderr.write('The result is not kept there: another stack writes these backups.\n');
        return result.ok ? exitCodes.ok : exitCodes.unhealthy;
      },
    );
  },
};
