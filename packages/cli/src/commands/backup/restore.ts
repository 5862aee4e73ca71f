import { interruptions } from '../../backup/interruptions.ts';
import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { asCalled } from '../../output/called.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { stackOf } from '../../stack.ts';
import { clusterOption, targetOf, targetOptions, textOf } from './options.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'bring the database back as it was: into a folder, or in the place of this stack’s',
  description: [
    'Without a target, the newest state. Into a folder that does not exist yet with --into; otherwise in the place of this stack’s database, after asking: the stack must be stopped, and the database that was there is kept beside it.',
    'A backup as SQL is written into a new file, which --into names; --to gives the newest that was begun by then.',
    'PostgreSQL recovers before anything takes its place, so that what fails leaves nothing behind. A moment before the backup, behind the WAL that is stored, or in a gap of it is refused with what can be restored.',
  ].join('\n\n'),
  options: {
    ...targetOptions,
    timeline: {
      kind: 'integer',
      value: 'N',
      range: [1, 4_294_967_295],
      summary: 'Follow another timeline than that of the target’s time',
    },
    into: {
      kind: 'text',
      value: 'DIR',
      summary: 'A new data folder, or a new file for SQL; this stack stays as it is',
    },
    'prepare-only': {
      kind: 'flag',
      summary: 'With --into: PostgreSQL recovers when somebody starts it there',
    },
    yes: { kind: 'flag', summary: 'Do not ask' },
    ...clusterOption,
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    {
      command: 'peakstone backup restore --to 2026-11-27T21:05:00Z --into ./then',
      does: 'Beside the stack, to look at',
    },
    {
      command: 'peakstone down && peakstone backup restore --to "2026-11-27 22:05:00+01" && peakstone up',
      does: 'In its place',
    },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const { parseTarget, planReplacement, restoreInPlace, restoreInto } = await import(
      '@peakstone/stack/backup'
    );
    const { withBackupProgress } = await import('../../backup/progress.ts');
    const target = parseTarget(targetOf(options));
    const into = textOf(options, 'into');
    if (options['prepare-only'] && into === undefined)
      throw new UsageError('--prepare-only belongs to --into.');
    if (options.yes && into !== undefined) throw new UsageError('--yes belongs to a restore in place.');
    const paths = await stackOf(invocation, context);
    if (into === undefined) {
      const place = await planReplacement(paths, context.env);
      if (place !== null && !options.yes) {
        const { confirm } = await import('../../output/confirm.ts');
        await confirm(
          `The database in ${place} will be replaced; it is kept beside it.`,
          asCalled('peakstone backup restore --yes', context.env),
          context,
        );
      }
    }
    return await withBackupProgress(
      context,
      into === undefined ? interruptions.restore : interruptions.restoreInto,
      (onEvent, signal) => {
        const request = {
          target,
          backup: textOf(options, 'backup'),
          timeline: options.timeline as number | undefined,
          cluster: textOf(options, 'cluster'),
          prepareOnly: options['prepare-only'] === true,
          onEvent,
          signal,
        };
        return into === undefined
          ? restoreInPlace(paths, context.env, request)
          : restoreInto(paths, context.env, into.startsWith('/') ? into : `${context.cwd}/${into}`, request);
      },
      done => {
        if (options.json) context.stdout.write(`${toJson(done)}\n`);
        else {
          context.stdout.write(`${done.folder}\n`);
          context.stderr.write(`${describeRestored(done)}\n`);
          if (done.kept !== null)
            context.stderr.write(
              `The database that was there is in ${done.kept}: remove it when the new one is right.\n`,
            );
          if (done.timeline === null)
            context.stderr.write(
              `${asCalled(`Load it into an empty database: peakstone import postgres ${done.folder}`, context.env)}\n`,
            );
          if (done.writer !== null)
            context.stderr.write(
              `${asCalled(printableLine(`Its backups are written by ${done.writer.folder} on ${done.writer.host}: this copy makes none there. Give it a place of its own (BACKUP_STORE), or, where the other one is gone for good: peakstone backup takeover`), context.env)}\n`,
            );
          if (into === undefined) context.stderr.write('Start it: peakstone up\n');
        }
        return exitCodes.ok;
      },
    );
  },
};

function describeRestored({
  backup: from,
  timeline,
  lastTransactionAt: at,
}: {
  readonly backup: string;
  readonly timeline: number | null;
  readonly lastTransactionAt: string | null;
}): string {
  if (timeline === null) return `${from} as SQL, of ${at}.`;
  return `Restored from ${from}${at === null ? '' : `, its last transaction at ${at}`}.`;
}
