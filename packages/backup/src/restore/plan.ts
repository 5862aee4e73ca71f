/** Which backup and which WAL lead to a target. Pure. */
import { type Backup, chainOf, endsOf } from '../catalog/backups.ts';
import { isOnWay, type Stretch, type Timeline, timelineOfSegment, wayTo } from '../catalog/timelines.ts';
import { wayAround } from '../catalog/wal.ts';
import { BackupError } from '../errors.ts';
import { type Lsn, readLsn, segmentBefore, segmentName, segmentOf, segmentStart } from '../lsn.ts';
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
  /** As many of them as lead to the target by all that is known; more where recovery does not find it there. */
  readonly needed: number;
  /** The end of this WAL is the target's state, where recovery finds nothing behind the target. */
  readonly endsAtTarget: boolean;
  /** Why there is no more WAL, where there was some. */
  readonly gap: BackupError | undefined;
  /** Backups that might have been chosen, whose entries cannot be read: the WAL of their time is replayed all the same. */
  readonly passedOver: readonly string[];
}

export interface PlannedSegment {
  readonly timeline: number;
  readonly segment: number;
  readonly isPartial: boolean;
  /** That there must be of an unfinished one. */
  readonly leastBytes: number;
}

/** Two clocks of one cluster: the server's, and that of whoever made a backup. */
const clockSlackMs = 5 * 60_000;

/** @throws {BackupError} MISSING, TARGET with what can be restored instead */
export function planRestore(contents: Contents, wish: RestoreWish): RestorePlan {
  const { backups, place } = contents;
  if (backups.length === 0)
    throw new BackupError('MISSING', `There is no backup in ${place}.`, 'Make one: peakstone backup create');
  const timeline = wish.timeline ?? timelineAt(contents, wish.target);
  if (timeline > 1 && !contents.timelines.some(({ id }) => id === timeline))
    throw new BackupError(
      'TARGET',
      `Timeline ${timeline} is not in ${place}${contents.damagedRecords.length > 0 ? `: ${contents.damagedRecords.join(' ')}` : '.'}`,
      `There are ${[1, ...contents.timelines.map(({ id }) => id)].join(', ')}: choose one with --timeline.`,
    );
  const way = wayTo(timeline, contents.timelines);
  const backup = chooseBackup(contents, way, wish);
  assertOneMoment(contents, way, backup, wish);
  const reach = reachOf(contents, way, backup);
  assertReached(contents, timeline, backup, reach, wish.target);
  return {
    target: wish.target,
    chain: chainOf(backup, backups),
    timeline,
    segments: reach.segments,
    needed: countNeeded(contents, way, backup, reach, wish.target),
    endsAtTarget: endsAt(contents, timeline, reach, wish.target),
    gap: reach.gap,
    passedOver: wish.backup === undefined ? contents.damaged.map(({ id }) => id) : [],
  };
}

/** Why the newest state cannot be restored; undefined where it can. Pure. */
export function whyNoneLeadsToNow(contents: Contents): BackupError | undefined {
  try {
    planRestore(contents, { target: { kind: 'latest' } });
    return undefined;
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
}

/** The backups that a restore may begin from when it does not find its target behind the newest, newest first. Pure. */
export function olderBackups(contents: Contents, { timeline, chain }: RestorePlan): Backup[] {
  const way = wayTo(timeline, contents.timelines);
  const chosen = contents.backups.indexOf(chain.at(-1)!);
  return contents.backups
    .slice(0, chosen)
    .filter(each => isOnWay(each, way))
    .reverse();
}

/**
 * Where the database that goes on is now, and for a time the timeline that it was on then: what a later restore went back behind
 * is found again. A timeline of another copy, which the database never was on, is followed only when it is named.
 * @throws {BackupError} TARGET where clocks contradict one another about a time
 */
function timelineAt(contents: Contents, target: RestoreTarget): number {
  const { current, timelines } = contents;
  if (target.kind !== 'time' || current === 1) return current;
  const by = timelines.filter(({ since }) => Date.parse(since) <= target.at.getTime());
  if (by.some(({ id }) => id === current)) return current;
  const wrong = timelineByWrongClock(contents);
  if (wrong)
    throw new BackupError(
      'TARGET',
      `Timeline ${wrong.id} began at ${wrong.since} by a clock that was put back since: nobody can say which timeline the database was on at ${target.at.toISOString()}.`,
      `Name it: --timeline ${current} for the one that it is on now, or an older one (peakstone backup list shows them).`,
    );
  return by.at(-1)?.id ?? 1;
}

/** One of those up to the present that began later than what came after it. */
function timelineByWrongClock({ current, timelines, backups, position }: Contents): Timeline | undefined {
  const past = timelines.filter(({ id }) => id <= current);
  const seen = [
    position?.coveredUntil,
    ...backups.filter(({ timeline }) => timeline === current).map(({ endedAt }) => endedAt),
  ]
    .filter(at => at !== undefined)
    .map(at => Date.parse(at));
  let after = seen.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...seen);
  for (const timeline of past.toReversed()) {
    const since = Date.parse(timeline.since);
    if (since > after + clockSlackMs) return timeline;
    after = since;
  }
  return undefined;
}

function chooseBackup({ backups, place }: Contents, way: readonly Stretch[], wish: RestoreWish): Backup {
  const { target } = wish;
  const usable = backups.filter(each => isOnWay(each, way));
  const ends = endsOf(backups);
  if (wish.backup !== undefined) {
    const named = backups.find(({ id }) => id === wish.backup);
    if (!named)
      throw new BackupError(
        'MISSING',
        `There is no backup ${wish.backup} in ${place}.`,
        'See them: peakstone backup list',
      );
    const end = endsBehind(named, target, ends) ? `It ends at ${named.endedAt}.` : undefined;
    if (end || !usable.includes(named))
      throw new BackupError(
        'TARGET',
        `Backup ${named.id} does not lead to the target. ${end ?? 'It is on another timeline.'}`,
        'Leave --backup out: the right one is found.',
      );
    return named;
  }
  const found = usable.findLast(each => !endsBehind(each, target, ends));
  if (found) return found;
  const first = usable[0];
  throw first
    ? new BackupError(
        'TARGET',
        `The target lies before what can be restored: the oldest backup ends at ${first.endedAt} (${first.stopLsn}).`,
        'Name a moment after that.',
      )
    : new BackupError(
        'MISSING',
        `No backup leads to timeline ${way.at(-1)!.timeline}.`,
        'Make a full one: peakstone backup create --full',
      );
}

/** A backup cannot be restored to a moment before its own end: PostgreSQL would stop at that without a word. */
function endsBehind(backup: Backup, target: RestoreTarget, ends: ReadonlyMap<Backup, number>): boolean {
  switch (target.kind) {
    case 'time':
      return ends.get(backup)! > target.at.getTime();
    case 'lsn':
      return readLsn(backup.stopLsn) > target.lsn;
    default:
      return false;
  }
}

/**
 * A time that the WAL has twice: recovery would stop at the first that is later, before what was committed behind it.
 * @throws {BackupError} TARGET, unless a backup was named from which only one of the two can be reached
 */
function assertOneMoment(
  { clockSteps, backups }: Contents,
  way: readonly Stretch[],
  backup: Backup,
  { target, backup: named }: RestoreWish,
): void {
  if (target.kind !== 'time') return;
  const at = target.at.getTime();
  const step = clockSteps.find(({ timeline, lsn, ahead, back }) => {
    const place = readLsn(lsn);
    const isBehind = named !== undefined && readLsn(backup.startLsn) >= place;
    const isHere = way.some(each => each.timeline === timeline && (each.to === null || place < each.to));
    return isHere && !isBehind && Date.parse(back) <= at && at <= Date.parse(ahead);
  });
  if (step === undefined) return;
  const later = backups.find(
    each =>
      isOnWay(each, way) && readLsn(each.startLsn) >= readLsn(step.lsn) && Date.parse(each.endedAt) <= at,
  );
  throw new BackupError(
    'TARGET',
    `The server’s clock was put back at ${step.lsn}, from ${step.ahead} to ${step.back}: ${target.at.toISOString()} was twice, and what was committed behind that place would be missing.`,
    `Name a position (--lsn; ${step.lsn} is where the clock went back) or a transaction (--xid)${later ? `, or begin behind it: --backup ${later.id}` : ''}.`,
  );
}

/** How far the WAL behind a backup's beginning goes without a gap. */
interface Reach {
  readonly segments: readonly PlannedSegment[];
  /** The end of the last whole one. */
  readonly wholeEnd: Lsn;
  /** The end of everything, as far as somebody said so. */
  readonly end: Lsn;
  /** The first segment that is not there. */
  readonly missing: string;
  readonly gap: BackupError | undefined;
}

function reachOf(contents: Contents, way: readonly Stretch[], backup: Backup): Reach {
  const { wal, segmentBytes, place } = contents;
  const storedEnd = storedEndOf(contents, way);
  const segments: PlannedSegment[] = [];
  let segment = segmentOf(readLsn(backup.startLsn), segmentBytes);
  const timelineOf = (of: number): number => timelineOfSegment(way, of, segmentBytes);
  for (; wal.whole.get(timelineOf(segment))?.has(segment); segment++)
    segments.push({ timeline: timelineOf(segment), segment, isPartial: false, leastBytes: segmentBytes });
  const wholeEnd = segmentStart(segment, segmentBytes);
  const timeline = timelineOf(segment);
  const hasPartial = wal.partial.get(timeline)?.has(segment) === true;
  const leastBytes = Math.max(0, Math.min(segmentBytes, Number(storedEnd - wholeEnd)));
  if (hasPartial) segments.push({ timeline, segment, isPartial: true, leastBytes });
  const last = hasPartial ? segment : segment - 1;
  const missing = segmentName(timelineOf(last + 1), last + 1, segmentBytes);
  const isGap = segmentBefore(storedEnd, segmentBytes) > last;
  return {
    ...{ segments, wholeEnd, missing },
    end: hasPartial && !isGap && storedEnd > wholeEnd ? storedEnd : wholeEnd,
    gap: isGap
      ? new BackupError(
          'MISSING',
          `WAL segment ${missing} is not in ${place}: nothing behind it can be reached from this backup.`,
          wayAround(contents, last + 1),
        )
      : undefined,
  };
}

/** How far the WAL of this way was stored at some time, by all that is known. */
function storedEndOf({ wal, positions, segmentBytes }: Contents, way: readonly Stretch[]): Lsn {
  const { timeline, from } = way.at(-1)!;
  const newest = Math.max(-1, ...(wal.whole.get(timeline) ?? []));
  const position = positions.get(timeline);
  const ends = [from, segmentStart(newest + 1, segmentBytes), position ? readLsn(position.lsn) : 0n];
  return ends.reduce((most, each) => (each > most ? each : most));
}

/** @throws {BackupError} MISSING where WAL between is not there; TARGET */
function assertReached(
  contents: Contents,
  timeline: number,
  backup: Backup,
  { wholeEnd, end, missing, gap, segments }: Reach,
  target: RestoreTarget,
): void {
  const { segmentBytes, place, positions } = contents;
  if (wholeEnd < readLsn(backup.stopLsn))
    throw new BackupError(
      'MISSING',
      `Backup ${backup.id} cannot be restored: WAL segment ${missing}, which it needs, is not in ${place}.`,
      'Choose an older one with --backup (peakstone backup list), and make a new full backup.',
    );
  const position = positions.get(timeline);
  switch (target.kind) {
    case 'lsn': {
      // Nobody says how far an unfinished segment goes whose timeline has no position.
      const unsaid = segments.at(-1)?.isPartial && end === wholeEnd ? BigInt(segmentBytes) : 0n;
      if (target.lsn > end + unsaid) throw gap ?? beyond(target, contents, timeline);
      return;
    }
    case 'time':
      if (!gap && position && target.at.getTime() > Date.parse(position.coveredUntil))
        throw beyond(target, contents, timeline);
      return;
    case 'latest':
      if (gap) throw gap;
      return;
    case 'xid':
    case 'name':
      return;
  }
}

/** Whether the state at the end of the WAL is that of the target, should nothing have followed the target. */
function endsAt(
  { positions }: Contents,
  timeline: number,
  { end, gap }: Reach,
  target: RestoreTarget,
): boolean {
  if (target.kind === 'lsn') return target.lsn <= end;
  const position = positions.get(timeline);
  return (
    target.kind === 'time' &&
    gap === undefined &&
    position !== undefined &&
    target.at.getTime() <= Date.parse(position.coveredUntil)
  );
}

/** A backup that was begun well after the target begins behind it. */
function countNeeded(
  { backups, segmentBytes }: Contents,
  way: readonly Stretch[],
  backup: Backup,
  { segments }: Reach,
  target: RestoreTarget,
): number {
  const behind = (lsn: Lsn): number => {
    const stop = readLsn(backup.stopLsn);
    const last = segmentOf(lsn > stop ? lsn : stop, segmentBytes) + 1;
    return segments.filter(({ segment }) => segment <= last).length;
  };
  if (target.kind === 'lsn') return behind(target.lsn);
  if (target.kind !== 'time') return segments.length;
  const after = backups.find(
    each =>
      isOnWay(each, way) &&
      // By a clock that was ahead, one of before could say so as well.
      readLsn(each.startLsn) > readLsn(backup.stopLsn) &&
      Date.parse(each.startedAt) > target.at.getTime() + clockSlackMs,
  );
  return after ? behind(readLsn(after.startLsn)) : segments.length;
}

function beyond(
  target: RestoreTarget,
  { current, positions, position: newest, place }: Contents,
  timeline: number,
): BackupError {
  const position = positions.get(timeline);
  const known = position
    ? `${place} covers ${timeline === current ? 'everything' : `timeline ${timeline}`} up to ${position.coveredUntil} (${position.lsn})`
    : `${place} has no WAL behind it`;
  const newestState =
    timeline === current || !newest
      ? 'leave the target out for the newest state'
      : `leave it out and give --timeline ${timeline} for the newest state that is known of that one`;
  return new BackupError(
    'TARGET',
    `The target lies behind what is stored: ${known}.`,
    target.kind === 'time' ? `Name a moment before that, or ${newestState}.` : 'Name a position before that.',
  );
}
