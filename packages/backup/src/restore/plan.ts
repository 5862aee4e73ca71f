/** Which backup and which WAL lead to a target. Pure. */
import { type Backup, chainOf } from '../catalog/backups.ts';
import { type Stretch, timelineOfSegment, wayTo } from '../catalog/wal.ts';
import { BackupError } from '../errors.ts';
import { formatLsn, readLsn, segmentName, segmentOf, segmentStart } from '../lsn.ts';
import type { Contents } from './contents.ts';
import type { RestoreTarget } from './target.ts';

export interface RestoreWish {
  readonly target: RestoreTarget;
  /** Another one than the newest that fits. */
  readonly backup?: string | undefined;
  /** Another one than that which the database was on at the target. */
  readonly timeline?: number | undefined;
}

export interface RestorePlan {
  readonly target: RestoreTarget;
  /** The full backup first. */
  readonly chain: readonly Backup[];
  readonly timeline: number;
  /** What recovery may read, in order. */
  readonly segments: readonly PlannedSegment[];
}

export interface PlannedSegment {
  readonly timeline: number;
  readonly segment: number;
  readonly isPartial: boolean;
}

/** @throws {BackupError} MISSING, TARGET with what can be restored instead */
export function planRestore(contents: Contents, wish: RestoreWish): RestorePlan {
  const { backups } = contents;
  if (backups.length === 0)
    throw new BackupError(
      'MISSING',
      `There is no backup in ${contents.place}.`,
      'Make one: peakstone backup create',
    );
  const timeline = wish.timeline ?? timelineAt(contents, wish.target);
  if (timeline > 1 && !contents.timelines.some(({ id }) => id === timeline))
    throw new BackupError(
      'TARGET',
      `Timeline ${timeline} is not in ${contents.place}.`,
      `There are ${[1, ...contents.timelines.map(({ id }) => id)].join(', ')}.`,
    );
  const way = wayTo(timeline, contents.timelines);
  const backup = chooseBackup(contents, way, wish);
  const segments = planSegments(contents, way, backup);
  assertReached(contents, way, backup, segments, wish.target);
  return { target: wish.target, chain: chainOf(backup, backups), timeline, segments };
}

/** The one that the database was on then: what a later restore went back behind is found again by its time. */
function timelineAt({ position, timelines, backups }: Contents, target: RestoreTarget): number {
  const known = [...timelines.map(({ id }) => id), ...backups.map(each => each.timeline)];
  const newest = Math.max(position?.timeline ?? 1, ...known);
  if (target.kind !== 'time') return newest;
  const then = timelines.filter(({ since }) => Date.parse(since) <= target.at.getTime()).at(-1);
  return then?.id ?? 1;
}

function chooseBackup({ backups, place }: Contents, way: readonly Stretch[], wish: RestoreWish): Backup {
  const { target } = wish;
  const usable = backups.filter(each => isOnWay(each, way));
  if (wish.backup !== undefined) {
    const named = backups.find(({ id }) => id === wish.backup);
    if (!named)
      throw new BackupError(
        'MISSING',
        `There is no backup ${wish.backup} in ${place}.`,
        'See them: peakstone backup list',
      );
    const end = endsBehind(named, target) ? `It ends at ${named.endedAt}.` : undefined;
    if (end || !usable.includes(named))
      throw new BackupError(
        'TARGET',
        `Backup ${named.id} does not lead to the target. ${end ?? 'It is on another timeline.'}`,
        'Leave --backup out: the right one is found.',
      );
    return named;
  }
  const found = usable.findLast(each => !endsBehind(each, target));
  if (found) return found;
  const first = usable[0];
  throw first
    ? new BackupError(
        'TARGET',
        `The target lies before what can be restored: the oldest backup ends at ${first.endedAt} (${first.stopLsn}).`,
        'Name a moment after that.',
      )
    : new BackupError('MISSING', 'No backup leads to this timeline.', 'See them: peakstone backup list');
}

function isOnWay({ timeline, stopLsn }: Backup, way: readonly Stretch[]): boolean {
  return way.some(
    stretch => stretch.timeline === timeline && (stretch.to === null || readLsn(stopLsn) <= stretch.to),
  );
}

/** A backup cannot be restored to a moment before its own end: PostgreSQL would stop at that without a word. */
function endsBehind(backup: Backup, target: RestoreTarget): boolean {
  switch (target.kind) {
    case 'time':
      return Date.parse(backup.endedAt) > target.at.getTime();
    case 'lsn':
      return readLsn(backup.stopLsn) > target.lsn;
    default:
      return false;
  }
}

/** All that follows the backup's beginning without a gap, and the unfinished segment behind it. */
function planSegments(
  { wal, segmentBytes }: Contents,
  way: readonly Stretch[],
  backup: Backup,
): PlannedSegment[] {
  const segments: PlannedSegment[] = [];
  for (let segment = segmentOf(readLsn(backup.startLsn), segmentBytes); ; segment++) {
    const timeline = timelineOfSegment(way, segment, segmentBytes);
    if (wal.whole.get(timeline)?.has(segment)) segments.push({ timeline, segment, isPartial: false });
    else {
      if (wal.partial.get(timeline)?.has(segment)) segments.push({ timeline, segment, isPartial: true });
      return segments;
    }
  }
}

/** @throws {BackupError} MISSING where WAL between is not there */
function assertReached(
  contents: Contents,
  way: readonly Stretch[],
  backup: Backup,
  segments: readonly PlannedSegment[],
  target: RestoreTarget,
): void {
  const { segmentBytes, wal, place } = contents;
  const first = segmentOf(readLsn(backup.startLsn), segmentBytes);
  const next = first + segments.filter(({ isPartial }) => !isPartial).length;
  const missing = segmentName(timelineOfSegment(way, next, segmentBytes), next, segmentBytes);
  const end = segmentStart(next, segmentBytes);
  if (end < readLsn(backup.stopLsn))
    throw new BackupError(
      'MISSING',
      `Backup ${backup.id} cannot be restored: WAL segment ${missing}, which it needs, is not in ${place}.`,
      'Choose an older one with --backup (peakstone backup list), and make a new full backup.',
    );
  const last = way.at(-1)!;
  const newest = Math.max(next - 1, ...(wal.whole.get(last.timeline) ?? []));
  const isGap = newest >= next;
  if (target.kind === 'lsn') {
    const partial = segments.at(-1)?.isPartial ? segmentBytes : 0;
    if (target.lsn <= end + BigInt(partial)) return;
    throw isGap ? gapBefore(missing, end, place) : beyond(target, contents);
  }
  if (isGap && target.kind === 'latest') throw gapBefore(missing, end, place);
  if (
    target.kind === 'time' &&
    contents.position &&
    target.at.getTime() > Date.parse(contents.position.coveredUntil) &&
    !isGap
  )
    throw beyond(target, contents);
}

function gapBefore(missing: string, end: bigint, place: string): BackupError {
  return new BackupError(
    'MISSING',
    `WAL segment ${missing} is not in ${place}: nothing behind it can be reached from this backup.`,
    `Restore up to there (--lsn ${formatLsn(end)}), or from a backup made after it.`,
  );
}

function beyond(target: RestoreTarget, { position, place }: Contents): BackupError {
  const known = position
    ? `${place} covers everything up to ${position.coveredUntil} (${position.lsn})`
    : `${place} has no WAL behind it`;
  return new BackupError(
    'TARGET',
    `The target lies behind what is stored: ${known}.`,
    target.kind === 'time'
      ? 'Name a moment before that, or leave the target out for the newest state.'
      : 'Name a position before that.',
  );
}
