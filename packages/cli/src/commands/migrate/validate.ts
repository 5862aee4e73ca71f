import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { stackOf } from '../../stack.ts';
import { writeDiagnostic } from './diagnostics.ts';
import { checkedFolderOf, folderOption } from './folder.ts';

export const validate: Command = {
  name: 'validate',
  summary: 'check that the folder is as its sums say, and what could not be applied',
  description:
    'Fails when a file was added, changed or removed since the folder was hashed. On standard error it also says what apply would refuse: two files of one version, rows of COPY, lines for psql, BEGIN and COMMIT. With --replay it also fails when the files do not run on a new database.',
  options: {
    ...folderOption,
    replay: {
      kind: 'flag',
      summary: 'Run all files on a throw-away PostgreSQL that is as the stack’s would be',
    },
    'dev-url': {
      kind: 'text',
      value: 'URL',
      summary: 'Run all files on a copy of this database, which is dropped afterwards',
    },
  },
  examples: [
    { command: 'peakstone migrate validate', does: 'In a pipeline: exit code 1 when the sums are not right' },
    { command: 'peakstone migrate validate --replay', does: 'And when the files do not run' },
  ],
  run: async (invocation, context) => {
    const { inspectFolder, replayOnCopy, replayOnThrowaway, replaySettings } = await import(
      '@peakstone/stack/migrate'
    );
    const folder = await checkedFolderOf(invocation, context);
    for (const diagnostic of inspectFolder(folder)) writeDiagnostic(diagnostic, context);
    const { replay, 'dev-url': url } = invocation.options;
    if (typeof url === 'string') await untilInterrupted(context, signal => replayOnCopy(folder, url, signal));
    if (replay) {
      const settings = await replaySettings(await stackOf(invocation, context), context.env);
      await untilInterrupted(context, signal => replayOnThrowaway(folder, settings, signal));
    }
    return exitCodes.ok;
  },
};
