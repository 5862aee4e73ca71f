import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { dataFor } from '../../output/printable.ts';
import { databaseOptions, revisionsSchemaOf, targetOf, withSession } from './database.ts';
import { checkedFolderOf, folderOption } from './folder.ts';

export const set: Command = {
  name: 'set',
  summary: 'say which version the database is at, and run nothing',
  description:
    'After its schema was changed by hand, or restored: files up to VERSION count as applied from now on, those behind it as pending. Without VERSION it is the folder’s last one.',
  arguments: [
    { name: 'VERSION', summary: 'What stands before the first underscore of a file’s name', required: false },
  ],
  options: { ...folderOption, ...databaseOptions },
  examples: [
    {
      command: 'peakstone migrate set 20240101000000',
      does: 'That file and those before it are in the database',
    },
  ],
  run: async (invocation, context) => {
    const { historyOf, operatorVersion, renderSet, setVersion } = await import('@peakstone/stack/migrate');
    const folder = await checkedFolderOf(invocation, context);
    const target = await targetOf(invocation, context, folder);
    const plan = await untilInterrupted(context, signal =>
      withSession(
        target.url,
        invocation,
        context,
        signal,
        async session =>
          await setVersion(
            folder,
            session,
            historyOf(folder, revisionsSchemaOf(invocation) ?? session.schema),
            {
              version: invocation.arguments[0] ?? null,
              operatorVersion,
            },
          ),
        0,
      ),
    );
    context.stdout.write(dataFor(context.stdout, renderSet(plan)));
    return exitCodes.ok;
  },
};
