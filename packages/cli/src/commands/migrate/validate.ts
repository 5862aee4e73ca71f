import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { folderOf, folderOption } from './folder.ts';

export const validate: Command = {
  name: 'validate',
  summary: 'check that the folder is as its sums say',
  options: folderOption,
  examples: [
    { command: 'peakstone migrate validate', does: 'Exit code 1 when a file was added, changed or removed' },
  ],
  run: async (invocation, context) => {
    const { assertSums, readFolder } = await import('@peakstone/stack/migrate');
    assertSums(await readFolder(await folderOf(invocation, context)));
    return exitCodes.ok;
  },
};
