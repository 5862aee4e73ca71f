/** What the commands of backups print for people. Pure. */
import { type BackupList, megabytes, type ScheduleReport, type Verification } from '@peakstone/stack/backup';
import { rowCount, Table } from '../output/table.ts';

/** The table on standard output, and what is to be said beside it. */
export function renderBackupList(found: BackupList): {
  readonly rows: readonly string[];
  readonly notes: readonly string[];
} {
  const left = (name: string) => ({ name, align: 'left' as const });
  const right = (name: string) => ({ name, align: 'right' as const });
  const columns = [
    left('backup'),
    left('kind'),
    left('ended'),
    right('files'),
    right('stored'),
    right('timeline'),
    left('label'),
  ];
  const cells = found.backups.map(each => [
    each.id,
    each.kind,
    each.endedAt.replace(/\.\d+Z$/, 'Z'),
    megabytes(each.bytes),
    megabytes(each.storedBytes),
    String(each.timeline),
    each.label,
  ]);
  const table = new Table(columns, cells);
  const test = found.lastTest;
  return {
    rows: [...table.heading(), ...cells.flatMap(row => table.row(row)), rowCount(cells.length)],
    notes: [
      `In ${found.place}${found.encrypted ? ', encrypted' : ''}.`,
      found.coveredUntil === null
        ? 'No WAL is received: a backup can be restored to its own end only (peakstone backup schedule on).'
        : `Every moment up to ${found.coveredUntil} can be restored.`,
      test === null
        ? 'No backup has been tried yet: peakstone backup test.'
        : `Last trial: ${test.at}, ${test.ok ? test.text : `FAILED: ${test.text}`}.`,
      ...(found.backups.some(({ checksums }) => !checksums)
        ? ['The cluster has no page checksums: damage on its disk is copied unseen (pg_checksums --enable).']
        : []),
    ],
  };
}

/** A line for each backup, and what is wrong below it. */
export function renderVerification({ backups, walProblems, segments }: Verification): string {
  const lines = backups.flatMap(({ id, problems }) => [
    `${id}  ${problems.length === 0 ? 'ok' : 'cannot be restored'}`,
    ...problems.map(problem => `  ${problem}`),
  ]);
  lines.push(`WAL  ${walProblems.length === 0 ? `ok, ${segments} segments` : 'has gaps'}`);
  return [...lines, ...walProblems.map(problem => `  ${problem}`), ''].join('\n');
}

export function renderSchedule({ on, place, encrypted, next, keepDays, keepFulls }: ScheduleReport): string {
  if (!on) return 'Backups are off.\n';
  const when = (text: string | null): string => text?.replace(/:00\.000Z$/, 'Z') ?? 'never';
  return [
    `place        ${place}${encrypted ? ', encrypted' : ''}`,
    `full         next ${when(next.full)}`,
    `incremental  next ${when(next.incremental)}`,
    `test         next ${when(next.test)}`,
    `kept         ${keepDays} days, and ${keepFulls} full ${keepFulls === 1 ? 'backup' : 'backups'} in any case`,
    '',
  ].join('\n');
}
