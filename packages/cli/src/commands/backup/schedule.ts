import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { stackOf } from '../../stack.ts';

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

export const schedule: Command = {
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
    const { renderSchedule } = await import('../../backup/render.ts');
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
      context.stderr.write('It holds from the next start on: peakstone down, then peakstone up\n');
    return exitCodes.ok;
  },
};
