import { join } from 'node:path';
import type { Command } from '../../grammar/command.ts';
import { CliError, exitCodes } from '../../grammar/errors.ts';
import { folderOption, locatedFolderOf } from './folder.ts';

export const hash: Command = {
  name: 'hash',
  summary: 'write the sums of the folder into atlas.sum',
  description:
    'After a file was added, changed or removed by hand. Commands refuse a folder that its sums do not fit, so that no migration changes unseen.',
  options: folderOption,
  examples: [{ command: 'peakstone migrate hash', does: 'The folder is as it should be: say so' }],
  run: async (invocation, context) => {
    const { replaceFile } = await import('@peakstone/kernel/durable');
    const { formats, readFolder, sumFile, sumTextOf } = await import('@peakstone/stack/migrate');
    const { path, format } = await locatedFolderOf(invocation, context);
    const folder = await readFolder(path, format);
    if (!formats[folder.format].hasSums)
      throw new CliError(`${path} is a folder of ${folder.format}'s, which has no sums.`, {
        hint: 'There is nothing to hash: peakstone migrate apply',
      });
    replaceFile(join(folder.path, sumFile), sumTextOf(folder));
    return exitCodes.ok;
  },
};
