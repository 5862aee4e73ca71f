import { interruptions } from '../backup/interruptions.ts';
import {
  type Command,
  jsonOption,
  type Option,
  type OptionValues,
  stackOptions,
} from '../grammar/command.ts';
import { exitCodes, UsageError } from '../grammar/errors.ts';
import { asCalled } from '../output/called.ts';
import { toJson } from '../output/json.ts';
import { stackOf } from '../stack.ts';

const clusterOption = {
  cluster: {
    kind: 'text',
    value: 'ID',
    summary: 'Of several databases in one place, the one with this system identifier (default: the newest)',
  },
} as const satisfies Record<string, Option>;

const targetOptions = {
  to: { kind: 'text', value: 'TIME', summary: 'To a moment, with its zone: 2026-11-27T21:05:00Z' },
  lsn: { kind: 'text', value: 'LSN', summary: 'To a WAL position: 0/3000060' },
  xid: { kind: 'text', value: 'XID', summary: 'To a transaction: 745' },
  name: { kind: 'text', value: 'NAME', summary: 'To a point that pg_create_restore_point named' },
  exclusive: { kind: 'flag', summary: 'Stop right before the time, LSN or transaction' },
  backup: { kind: 'text', value: 'ID', summary: 'From this backup (default: the newest that leads there)' },
} as const satisfies Record<string, Option>;

const create: Command = {
  name: 'create',
  summary: 'make a backup of the running database now',
  description:
    'Copies the whole cluster over the replication protocol while it is in use, with the WAL that it needs. Incremental where it can stand on the newest backup, else full. What leaves this machine is encrypted; a key is made when there is none, and shown once.',
  options: {
    full: { kind: 'flag', summary: 'Copy everything' },
    incremental: { kind: 'flag', summary: 'Copy only what has changed since the newest backup' },
    label: { kind: 'text', value: 'TEXT', summary: 'A note for the list' },
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone backup create', does: 'Into BACKUP_STORE, or .peakstone/backups' },
    { command: 'peakstone backup create --full --label "before 2.0"', does: 'Everything, with a note' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    if (options.full && options.incremental)
      throw new UsageError('--full and --incremental exclude each other.');
    const { createStackBackup } = await import('@peakstone/stack/backup');
    const { withBackupProgress } = await import('../backup/progress.ts');
    const paths = await stackOf(invocation, context);
    return await withBackupProgress(
      context,
      interruptions.create,
      (onEvent, signal) =>
        createStackBackup(paths, context.env, {
          kind: options.full ? 'full' : options.incremental ? 'incremental' : 'auto',
          ...(typeof options.label === 'string' && { label: options.label }),
          onEvent,
          onKey: text => void context.stderr.write(`${text}\n`),
          signal,
        }),
      made => {
        const { place, ...backup } = made;
        context.stdout.write(`${options.json ? toJson({ place, ...backup }) : backup.id}\n`);
        return exitCodes.ok;
      },
    );
  },
};

const list: Command = {
  name: 'list',
  summary: 'list the backups, and how far the WAL behind them goes',
  options: { ...clusterOption, ...stackOptions, ...jsonOption },
  examples: [{ command: 'peakstone backup list', does: 'Oldest first' }],
  run: async (invocation, context) => {
    const { options } = invocation;
    const { listStackBackups } = await import('@peakstone/stack/backup');
    const { renderBackupList } = await import('../backup/render.ts');
    const paths = await stackOf(invocation, context);
    const found = await listStackBackups(paths, context.env, textOf(options, 'cluster'));
    if (options.json) context.stdout.write(`${toJson(found)}\n`);
    else {
      const { rows, notes } = renderBackupList(found);
      context.stdout.write(rows.map(row => `${row}\n`).join(''));
      context.stderr.write(notes.map(note => `${note}\n`).join(''));
    }
    return exitCodes.ok;
  },
};

const verify: Command = {
  name: 'verify',
  summary: 'read backups and WAL in the store, and say what cannot be restored',
  description:
    'Every byte is read and held against its checksum and the server’s own list of files; WAL must lead from the oldest backup to now without a gap. Exit code 4 when something is wrong.',
  arguments: [{ name: 'ID', summary: 'backups (all when left out)', required: false, many: true }],
  options: {
    quick: { kind: 'flag', summary: 'Only look whether everything is there' },
    ...clusterOption,
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone backup verify', does: 'Everything' },
    { command: 'peakstone backup verify --quick', does: 'What is there, without reading it' },
  ],
  run: async (invocation, context) => {
    const { options, arguments: ids } = invocation;
    const { verifyStackBackups } = await import('@peakstone/stack/backup');
    const { withBackupProgress } = await import('../backup/progress.ts');
    const { renderVerification } = await import('../backup/render.ts');
    const paths = await stackOf(invocation, context);
    return await withBackupProgress(
      context,
      interruptions.verify,
      (onEvent, signal) =>
        verifyStackBackups(paths, context.env, textOf(options, 'cluster'), {
          ids: ids.length > 0 ? ids : undefined,
          deep: options.quick !== true,
          onEvent,
          signal,
        }),
      found => {
        const isWell =
          found.walProblems.length === 0 && found.backups.every(({ problems }) => problems.length === 0);
        context.stdout.write(
          options.json ? `${toJson({ ok: isWell, ...found })}\n` : renderVerification(found),
        );
        return isWell ? exitCodes.ok : exitCodes.unhealthy;
      },
    );
  },
};

const restore: Command = {
  name: 'restore',
  summary: 'bring the database back as it was: into a folder, or in the place of this stack’s',
  description: [
    'Without a target, the newest state. Into a folder that does not exist yet with --into; otherwise in the place of this stack’s database, after asking: the stack must be stopped, and the database that was there is kept beside it.',
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
    into: { kind: 'text', value: 'DIR', summary: 'A new data folder; this stack stays as it is' },
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
    const { withBackupProgress } = await import('../backup/progress.ts');
    const target = parseTarget(targetOf(options));
    const into = textOf(options, 'into');
    if (options['prepare-only'] && into === undefined)
      throw new UsageError('--prepare-only belongs to --into.');
    if (options.yes && into !== undefined) throw new UsageError('--yes belongs to a restore in place.');
    const paths = await stackOf(invocation, context);
    if (into === undefined) {
      const place = await planReplacement(paths, context.env);
      if (place !== null && !options.yes) {
        const { confirm } = await import('../output/confirm.ts');
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
          const last =
            done.lastTransactionAt === null ? '' : `, its last transaction at ${done.lastTransactionAt}`;
          context.stderr.write(`Restored from ${done.backup}${last}.\n`);
          if (done.kept !== null)
            context.stderr.write(
              `The database that was there is in ${done.kept}: remove it when the new one is right.\n`,
            );
          if (into === undefined)
            context.stderr.write(`${asCalled('Start it: peakstone up', context.env)}\n`);
        }
        return exitCodes.ok;
      },
    );
  },
};

const test: Command = {
  name: 'test',
  summary: 'restore a backup on a throw-away server and read everything there',
  description:
    'Every row is read, every page’s checksum with it, and amcheck looks at tables and indexes where the server has it. The result is kept in the store. Exit code 4 when the backup does not stand the trial.',
  arguments: [{ name: 'ID', summary: 'a backup (the newest when left out)', required: false }],
  options: { ...clusterOption, ...stackOptions, ...jsonOption },
  examples: [{ command: 'peakstone backup test', does: 'The newest state' }],
  run: async (invocation, context) => {
    const { options, arguments: ids } = invocation;
    const { testStackBackup } = await import('@peakstone/stack/backup');
    const { withBackupProgress } = await import('../backup/progress.ts');
    const paths = await stackOf(invocation, context);
    return await withBackupProgress(
      context,
      interruptions.test,
      (onEvent, signal) =>
        testStackBackup(paths, context.env, {
          target: { kind: 'latest' },
          backup: ids[0],
          cluster: textOf(options, 'cluster'),
          onEvent,
          signal,
        }),
      result => {
        context.stdout.write(
          options.json
            ? `${toJson(result)}\n`
            : `${result.backup ?? ''}: ${result.ok ? '' : 'failed: '}${result.text}\n`,
        );
        return result.ok ? exitCodes.ok : exitCodes.unhealthy;
      },
    );
  },
};

/** By option, the variable that it sets. */
const scheduled = {
  store: 'BACKUP_STORE',
  full: 'BACKUP_FULL',
  incremental: 'BACKUP_INCREMENTAL',
  test: 'BACKUP_TEST',
  'keep-days': 'BACKUP_KEEP_DAYS',
  'keep-fulls': 'BACKUP_KEEP_FULLS',
  encrypt: 'BACKUP_ENCRYPT',
} as const;

const schedule: Command = {
  name: 'schedule',
  summary: 'show or change where, when and how long backups are kept; turn them on or off',
  description:
    'The settings are BACKUP_ variables in .env. While backups are on, the stack receives WAL all the time, so that every moment can be restored. Times are cron’s five fields in UTC, or hourly, daily, weekly, monthly, off.',
  arguments: [{ name: 'SWITCH', summary: 'on or off', required: false, choices: ['on', 'off'] }],
  options: {
    store: { kind: 'text', value: 'PLACE', summary: 'A folder, or s3://BUCKET/PREFIX' },
    full: { kind: 'text', value: 'WHEN', summary: 'Full backups' },
    incremental: { kind: 'text', value: 'WHEN', summary: 'Incremental ones' },
    test: { kind: 'text', value: 'WHEN', summary: 'Restores on a throw-away server' },
    'keep-days': {
      kind: 'integer',
      value: 'N',
      range: [0, 36_500],
      summary: 'Every moment of so many days stays restorable',
    },
    'keep-fulls': {
      kind: 'integer',
      value: 'N',
      range: [1, 10_000],
      summary: 'So many full backups stay in any case',
    },
    encrypt: {
      kind: 'text',
      value: 'WHEN',
      choices: ['auto', 'on', 'off'],
      summary: 'auto: what leaves this machine',
    },
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone backup schedule on', does: 'Into .peakstone/backups, as it comes' },
    {
      command: 'peakstone backup schedule on --store s3://backups/app --keep-days 30',
      does: 'To a bucket, encrypted',
    },
    { command: 'peakstone backup schedule', does: 'What holds now' },
  ],
  run: async (invocation, context) => {
    const { options, arguments: words } = invocation;
    const { scheduleStackBackups } = await import('@peakstone/stack/backup');
    const { renderSchedule } = await import('../backup/render.ts');
    const paths = await stackOf(invocation, context);
    const changes = Object.fromEntries(
      Object.entries(scheduled).map(([option, variable]) => {
        const value = options[option];
        return [variable, value === undefined ? undefined : String(value)];
      }),
    );
    const on = words[0] === undefined ? undefined : words[0] === 'on';
    const report = await scheduleStackBackups(paths, context.env, changes, on, text => {
      context.stderr.write(`${text}\n`);
    });
    context.stdout.write(options.json ? `${toJson(report)}\n` : renderSchedule(report));
    if (report.needsRestart)
      context.stderr.write(
        `${asCalled('It holds from the next start on: peakstone down, then peakstone up', context.env)}\n`,
      );
    return exitCodes.ok;
  },
};

const serve: Command = {
  name: 'serve',
  summary: 'receive WAL and make backups, as the environment says (what the container runs)',
  hidden: true,
  run: async (_invocation, context) => {
    const { runBackups } = await import('@peakstone/stack/backup');
    const { stopOnBug, stopOnSignals } = await import('../up/signals.ts');
    const signals = stopOnSignals(text => context.stderr.write(`${text}\n`));
    try {
      const running = await runBackups(context.env, text => context.stdout.write(text));
      stopOnBug(running.stop, text => context.stderr.write(text));
      await signals.stopped;
      await running.stop();
      return exitCodes.ok;
    } finally {
      signals.release();
    }
  },
};

export const backup: Command = {
  name: 'backup',
  summary: 'back the database up, and restore it to any moment',
  commands: [create, list, verify, restore, test, schedule, serve],
  examples: [
    { command: 'peakstone backup schedule on', does: 'From now on, by itself' },
    { command: 'peakstone backup create', does: 'One now' },
    { command: 'peakstone backup restore --to 2026-11-27T21:05:00Z --into ./then', does: 'As it was then' },
  ],
};

function textOf(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

function targetOf(options: OptionValues) {
  return {
    time: textOf(options, 'to'),
    lsn: textOf(options, 'lsn'),
    xid: textOf(options, 'xid'),
    name: textOf(options, 'name'),
    exclusive: options.exclusive === true,
  };
}
