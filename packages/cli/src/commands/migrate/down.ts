import type { Command, Context, Invocation } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { confirm } from '../../output/confirm.ts';
import { leadToOnePlace } from '../../output/onePlace.ts';
import { dataFor } from '../../output/printable.ts';
import { databaseOptions, lockOption, revisionsSchemaOf, targetOf, withSession } from './database.ts';
import { checkedFolderOf, folderOption } from './folder.ts';

export const down: Command = {
  name: 'down',
  summary: 'undo the last migrations, by the scripts that the folder has for that',
  description:
    'Runs down/NAME.sql for migrations/NAME.sql, or the down.sql beside Hasura’s up.sql, the last one first, each in a transaction together with its history, unless it says "-- atlas:txmode none" at its top. Where one has none, nothing is run. Atlas passes over the folder down/.',
  arguments: [{ name: 'AMOUNT', summary: 'How many files (default 1)', required: false }],
  options: {
    ...folderOption,
    to: { kind: 'text', value: 'VERSION', summary: 'Undo what came after this version' },
    'dry-run': { kind: 'flag', summary: 'Show what would be run, and run nothing' },
    yes: { kind: 'flag', short: 'y', summary: 'Without asking' },
    ...databaseOptions,
    ...lockOption,
  },
  examples: [
    { command: 'peakstone migrate down', does: 'The last file' },
    { command: 'peakstone migrate down --to 20240101000000 --dry-run', does: 'Only show it' },
  ],
  run: async (invocation, context) => {
    const amount = amountOf(invocation);
    const { to } = invocation.options;
    const folder = await checkedFolderOf(invocation, context);
    const target = await targetOf(invocation, context, folder);
    const { ApplyReport, historyOf, undoMigrations } = await import('@peakstone/stack/migrate');
    const report = new ApplyReport(text => void context.stdout.write(dataFor(context.stdout, text)), false, {
      tellsErrors: !leadToOnePlace(context),
      isDown: true,
    });
    const dryRun = invocation.options['dry-run'] === true;
    try {
      await untilInterrupted(context, signal =>
        withSession(target.url, invocation, context, signal, async session =>
          undoMigrations({
            folder,
            session,
            history: historyOf(folder, revisionsSchemaOf(invocation) ?? session.schema),
            options: {
              amount,
              to: typeof to === 'string' ? to : null,
              dryRun,
              confirm: steps =>
                ask(
                  steps.map(({ file }) => file.name),
                  invocation,
                  context,
                ),
            },
            onEvent: event => report.add(event),
            signal,
          }),
        ),
      );
    } finally {
      report.end();
      if (!dryRun && report.changed) await target.awaitApis();
    }
    return exitCodes.ok;
  },
};

async function ask(names: readonly string[], { options }: Invocation, context: Context): Promise<void> {
  if (options.yes) return;
  const consequence = `This undoes ${names.join(', ')}, and what the tables that go hold is lost.`;
  await confirm(consequence, 'peakstone migrate down --yes', context);
}

function amountOf({ options, arguments: [text] }: Invocation): number {
  if (text === undefined) return 1;
  if (options.to !== undefined) throw new UsageError('AMOUNT and --to exclude each other.');
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(
    `AMOUNT needs a number of files from 1 on, not '${text}'.`,
    'Leave it out for the last one.',
  );
}
