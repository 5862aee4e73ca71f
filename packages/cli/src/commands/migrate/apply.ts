import type { ApplyEvent, ApplyOptions } from '@peakstone/stack/migrate';
import type { Command, Context, Invocation } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { toJson } from '../../output/json.ts';
import { leadToOnePlace } from '../../output/onePlace.ts';
import { dataFor, printableLine } from '../../output/printable.ts';
import {
  databaseOptions,
  jsonOptions,
  lockOption,
  revisionsSchemaOf,
  targetOf,
  wantsJson,
  withSession,
} from './database.ts';
import { writeDiagnostic } from './diagnostics.ts';
import { checkedFolderOf, folderOption } from './folder.ts';

export const apply: Command = {
  name: 'apply',
  summary: 'apply what is pending',
  description: [
    'Acts as db_migrator, the owner of the schemas, in the stack that runs here, or where --url says. Each file is a transaction of its own, unless it says "-- atlas:txmode none" at its top, with an empty line below. Returns when the APIs serve what it made.',
    'What could fail half-way is named before anything runs. A failure says where, what is kept and how to go on; a file that says txmode none goes on at the statement that failed. Settings, roles and temporary tables of one file are gone before the next.',
    'A statement waits 5 seconds for a table’s lock; then the file is rolled back, so that the application goes on, and tried again after a pause.',
  ].join('\n\n'),
  arguments: [{ name: 'AMOUNT', summary: 'At most so many files', required: false }],
  options: {
    ...folderOption,
    ...databaseOptions,
    ...lockOption,
    'tx-mode': {
      kind: 'text',
      value: 'MODE',
      choices: ['file', 'all', 'none'],
      summary:
        'What is one transaction: each file, all files together, or each statement by itself (default file)',
    },
    'exec-order': {
      kind: 'text',
      value: 'ORDER',
      choices: ['linear', 'linear-skip', 'non-linear'],
      summary:
        'Files that were added below the last one applied: an error, never applied, or applied now (default linear)',
    },
    baseline: {
      kind: 'text',
      value: 'VERSION',
      summary: 'The first time: files up to this one are in the database already',
    },
    'allow-dirty': { kind: 'flag', summary: 'The first time: the database may hold something else' },
    'dry-run': { kind: 'flag', summary: 'Show what would be run, and run nothing' },
    'table-lock-timeout': {
      kind: 'text',
      value: 'TIME',
      summary:
        'How long a statement waits for a table’s lock (default 5s, unless the role or the database say so)',
    },
    'lock-retries': {
      kind: 'integer',
      value: 'COUNT',
      range: [0, 1000],
      summary: 'How often it is tried again when a lock was not to be had (default 10)',
    },
    ...jsonOptions,
  },
  examples: [
    { command: 'peakstone migrate apply', does: 'All that is pending, in the stack that runs here' },
    { command: 'peakstone migrate apply --dry-run', does: 'Only show it' },
    { command: 'peakstone migrate apply 1', does: 'One file' },
    {
      command: 'peakstone migrate apply --baseline 20240101000000 --url postgres://app@db/app',
      does: 'A database that was there before its migrations',
    },
  ],
  run: async (invocation, context) => {
    const json = wantsJson(invocation);
    const options = await optionsOf(invocation);
    const folder = await checkedFolderOf(invocation, context);
    const target = await targetOf(invocation, context, folder);
    const { ApplyReport, applyMigrations, envJson, historyOf } = await import('@peakstone/stack/migrate');
    const write = (text: string): void => void (json || context.stdout.write(dataFor(context.stdout, text)));
    const report = new ApplyReport(write, options.txMode === 'all', {
      tellsErrors: !leadToOnePlace(context),
    });
    const complete = { ...options, ...(target.furniture && { furniture: target.furniture }) };
    try {
      await untilInterrupted(context, signal =>
        withSession(target.url, invocation, context, signal, async session => {
          const history = historyOf(folder, revisionsSchemaOf(invocation) ?? session.schema);
          await applyMigrations({
            folder,
            session,
            history,
            options: complete,
            signal,
            onDiagnostic: diagnostic => writeDiagnostic(diagnostic, context),
            onEvent: event => {
              report.add(event);
              tell(event, context);
            },
          });
        }),
      );
    } finally {
      report.end();
      if (json) {
        const dir = `file://${folder.path}`;
        context.stdout.write(`${toJson(report.toJson(envJson(target.url, dir)))}\n`);
      }
      if (!options.dryRun && report.changed) await target.awaitApis();
    }
    return exitCodes.ok;
  },
};

async function optionsOf({ options, arguments: [amount] }: Invocation): Promise<ApplyOptions> {
  const { operatorVersion } = await import('@peakstone/stack/migrate');
  const { baseline } = options;
  if (typeof baseline === 'string' && options['allow-dirty'])
    throw new UsageError(
      '--baseline and --allow-dirty exclude each other.',
      'A baseline says that the database holds something already.',
    );
  return {
    txMode: (options['tx-mode'] as ApplyOptions['txMode']) ?? 'file',
    order: (options['exec-order'] as ApplyOptions['order']) ?? 'linear',
    baseline: typeof baseline === 'string' ? baseline : null,
    allowDirty: options['allow-dirty'] === true,
    dryRun: options['dry-run'] === true,
    amount: amountOf(amount),
    attempts: { count: 1 + Number(options['lock-retries'] ?? 10), pauseMs: 1000 },
    operatorVersion,
  };
}

function amountOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(
    `AMOUNT needs a number of files from 1 on, not '${text}'.`,
    'Leave it out to apply all that is pending.',
  );
}

/** What whoever waits should know meanwhile. */
function tell(event: ApplyEvent, { stderr }: Context): void {
  switch (event.kind) {
    case 'again':
      stderr.write(
        `${printableLine(event.reason)}; rolled back, and tried again in ${event.pauseMs / 1000} s\n`,
      );
      return;
    case 'waiting':
    case 'notice':
      stderr.write(`${printableLine(event.text)}\n`);
      return;
    default:
      return;
  }
}
