import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { folderOf, folderOption } from './folder.ts';

export const hash: Command = {
  name: 'hash',
  summary: 'write the sums of the folder into atlas.sum',
  description:
    'After a file was added, changed or removed by hand. Commands refuse a folder that its sums do not fit, so that no migration changes unseen.',
  options: folderOption,
  examples: [{ command: 'peakstone migrate hash', does: 'The folder is as it should be: say so' }],
  run: async (invocation, context) => {
    const { readFolder, sumFile, sumTextOf } = await import('@peakstone/stack/migrate');
    const folder = await readFolder(await folderOf(invocation, context));
    await writeFile(join(folder.path, sumFile), sumTextOf(folder));
    return exitCodes.ok;
  },
};
