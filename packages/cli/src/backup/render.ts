/** What the commands of backups print for people. Pure. */

import {
  type BackupList,
  type KnownCluster,
  megabytes,
  type ScheduleReport,
  type Verification,
} from '@peakstone/stack/backup';
import { renderGrid } from '../output/grid.ts';
import { printableLine } from '../output/printable.ts';
import { rowCount, Table } from '../output/table.ts';

/** The table on standard output, and what is to be said beside it. */
export function renderBackupList(
  found: BackupList,
  describeKnown: (cluster: KnownCluster) => string,
): {
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
  const files = found.backups.map(each => ({ ...each, timeline: String(each.timeline) }));
  const texts = found.logical.map(each => ({ ...each, kind: `SQL of ${each.database}`, timeline: null }));
  const all = [...files, ...texts].sort((a, b) => (a.id < b.id ? -1 : 1));
  const cells = all.map(({ id, kind, endedAt, bytes, storedBytes, timeline, label }) => [
    ...[id, kind, endedAt.replace(/\.\d+Z$/, 'Z'), megabytes(bytes), megabytes(storedBytes)],
    ...[timeline, label],
  ]);
  const table = new Table(columns, cells);
  const test = found.lastTest;
  return {
    rows: [...table.heading(), ...cells.flatMap(row => table.row(row)), rowCount(cells.length)],
    notes: [
      `In ${found.place}${found.encrypted ? ', encrypted' : ''}.`,
      coverage(found),
      ...found.problems.map(problem => `Problem: ${problem}`),
      ...(found.writer === null
        ? []
        : [`Written by ${found.writer.folder} on ${found.writer.host}: this stack is another copy of it.`]),
      ...earlierKeys(found),
      ...found.others.map(other => `In the same place (--cluster ID): ${describeKnown(other)}.`),
      ...found.logical.flatMap(({ id, missing }) => missing.map(what => `Not in ${id}: ${what}.`)),
      test === null
        ? 'No backup has been tested yet: peakstone backup test.'
        : `Last test: ${test.at}${test.backup === null ? '' : `, of ${test.backup}`}, ${test.ok ? '' : 'FAILED: '}${test.text}.`,
      ...(found.backups.some(({ checksums }) => !checksums)
        ? ['The cluster has no page checksums: damage on its disk is copied unseen (pg_checksums --enable).']
        : []),
    ],
  };
}

function earlierKeys({ needingEarlierKey: needing }: BackupList): string[] {
  if (needing === null) return [];
  return needing.length === 0
    ? ['No backup needs an earlier key any more: BACKUP_KEY may be the first one alone.']
    : [`An earlier key in BACKUP_KEY is needed by ${needing.join(', ')}, until they are removed.`];
}

function coverage({ method, backups, coveredFrom, coveredUntil, problems, receiving }: BackupList): string {
  if (coveredUntil !== null && coveredUntil === coveredFrom)
    return `The moment ${coveredUntil} can be restored, and those after it in a while.`;
  if (coveredUntil !== null)
    return `Every moment${problems.length > 0 ? ` from ${coveredFrom}` : ''} up to ${coveredUntil} can be restored.`;
  if (backups.length === 0 && method !== 'logical')
    return 'There is no backup: nothing can be restored (peakstone backup create).';
  if (problems.length > 0) return 'The newest state cannot be restored.';
  return method === 'logical'
    ? 'Each is of the moment when it was begun; files and WAL are backed up by a role with REPLICATION (BACKUP_DATABASE_URL).'
    : withoutWal[receiving ?? 'off'];
}

const ownEndOnly = 'a backup can be restored to its own end only';

const withoutWal: Readonly<Record<NonNullable<BackupList['receiving']>, string>> = {
  off: `No WAL is received: ${ownEndOnly} (peakstone backup schedule on).`,
  nextStart: `WAL is received from the next start on (peakstone down, then peakstone up); until then ${ownEndOnly}.`,
  notRunning: `WAL is received while the stack runs (peakstone up); until then ${ownEndOnly}.`,
  begun: `WAL is received, and none of it stored yet; until it is, ${ownEndOnly}. Look again in a moment; peakstone logs backup tells more.`,
};

/** A line for each backup, and what is wrong below it. */
export function renderVerification({ backups, walProblems, segments }: Verification): string {
  const lines = backups.flatMap(({ id, problems }) => [
    `${id}  ${problems.length === 0 ? 'ok' : 'cannot be restored'}`,
    ...problems.map(problem => `  ${printableLine(problem)}`),
  ]);
  if (segments > 0 || walProblems.length > 0)
    lines.push(`WAL  ${walProblems.length === 0 ? `ok, ${segments} segments` : 'has gaps'}`);
  return [...lines, ...walProblems.map(problem => `  ${printableLine(problem)}`), ''].join('\n');
}

export function renderSchedule({ on, place, encrypted, next, keepDays, keepFulls }: ScheduleReport): string {
  if (!on) return 'Backups are off.\n';
  const when = (text: string | null): string => text?.replace(/:00\.000Z$/, 'Z') ?? 'never';
  return [
    ...renderGrid([
      ['place', `${place}${encrypted ? ', encrypted' : ''}`],
      ...Object.entries(next).map(([kind, at]) => [kind, `next ${when(at)}`]),
      [
        'kept',
        `${keepDays} days, and ${keepFulls} full ${keepFulls === 1 ? 'backup' : 'backups'} in any case`,
      ],
    ]),
    '',
  ].join('\n');
}
