import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { stackOf } from '../../stack.ts';
import { clusterOption, textOf } from './options.ts';

export const list: Command = {
  name: 'list',
  summary: 'list the backups, and how far the WAL behind them goes',
  options: { ...clusterOption, ...stackOptions, ...jsonOption },
  examples: [{ command: 'peakstone backup list', does: 'Oldest first' }],
  run: async (invocation, context) => {
    const { options } = invocation;
    const { describeKnown, listStackBackups } = await import('@peakstone/stack/backup');
    const { renderBackupList } = await import('../../backup/render.ts');
    const paths = await stackOf(invocation, context);
    const found = await listStackBackups(paths, context.env, textOf(options, 'cluster'));
    if (options.json) context.stdout.write(`${toJson(found)}\n`);
    else {
      const { rows, notes } = renderBackupList(found, describeKnown);
      context.stdout.write(rows.map(row => `${row}\n`).join(''));
      context.stderr.write(notes.map(note => `${printableLine(note)}\n`).join(''));
    }
    return exitCodes.ok;
  },
};
