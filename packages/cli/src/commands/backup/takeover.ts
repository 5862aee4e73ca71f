import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { stackOf } from '../../stack.ts';
import { clusterOption, textOf } from './options.ts';

export const takeover: Command = {
  name: 'takeover',
  summary: 'write the backups of this database from here on, in the place of another copy of it',
  description:
    'One stack writes the backups of a database. A copy of its folder, a clone of its machine or a backup restored elsewhere is refused, as it would write another history over that of the original. When the original is gone for good, this makes its copy the one that writes; the original is refused from then on.',
  options: { ...clusterOption, ...stackOptions, ...jsonOption },
  examples: [{ command: 'peakstone backup takeover', does: 'After the move to a new machine' }],
  run: async (invocation, context) => {
    const { options } = invocation;
    const { takeOverBackups } = await import('@peakstone/stack/backup');
    const paths = await stackOf(invocation, context);
    const report = await takeOverBackups(paths, context.env, textOf(options, 'cluster'));
    if (options.json) context.stdout.write(`${toJson(report)}\n`);
    else {
      const { place, systemIdentifier, from } = report;
      context.stdout.write(`${systemIdentifier}\n`);
      context.stderr.write(
        `${printableLine(`This stack writes the backups in ${place}${from ? `, which ${from.folder} on ${from.host} wrote since ${from.since}` : ''}.`)}\n`,
      );
    }
    return exitCodes.ok;
  },
};
