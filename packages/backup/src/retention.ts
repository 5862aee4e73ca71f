/** Which backups may go, and with them which WAL. */
import { CLOCK_CORRECTION_MS } from '@peakstone/kernel/cron';
import { momentBefore, type Witness } from '@peakstone/kernel/witness';
import { agreedTimes } from './catalog/agreedTimes.ts';
import { type Backup, backupShelf, removeBackups } from './catalog/backups.ts';
import { removeSteps, type StoredStep } from './catalog/clockSteps.ts';
import { findUnfinished } from './catalog/shelf.ts';
import { readProven, type TestKind } from './catalog/tests.ts';
import { isOnWay, parseHistory, type Stretch, wayTo } from './catalog/timelines.ts';
import { isUnreadable } from './catalog/unreadable.ts';
import { removeSegments } from './catalog/wal.ts';
import { BackupError } from './errors.ts';
import { readLsn, segmentOf } from './lsn.ts';
import { type Contents, readContents } from './restore/contents.ts';
import { whyNoneLeadsToNow } from './restore/plan.ts';
import type { HeldVault, Vault } from './vault.ts';

export interface Retention {
  /** Every moment of so many days can be restored. */
  readonly days: number;
  /** So many full backups stay, however old they are. */
  readonly fulls: number;
}

export interface RetentionPlan {
  /** Oldest first. */
  readonly remove: readonly string[];
  /** The WAL that stays; null where all of it does. */
  readonly wal: readonly WalRange[] | null;
}

/** Segments of one timeline, both ends included. */
export interface WalRange {
  readonly timeline: number;
  readonly from: number;
  /** Null for all that follow. */
  readonly to: number | null;
}

const dayMs = 24 * 60 * 60 * 1000;

/** By what it is judged which backups may go. */
export interface RetentionFacts {
  /** Days are those that somebody saw pass: a clock that jumps makes nothing old. */
  readonly time: Witness;
  /** The newest backup that has passed a test. */
  readonly proven: string | null;
}

type Stored = Pick<Contents, 'backups' | 'timelines' | 'current' | 'positions' | 'segmentBytes'>;

/**
 * Keeps what restores any moment of the last `days`, be it of a timeline that was left since, and the newest `fulls` full backups
 * that lead to the timeline that the database is on, with all that stands on them. Never removes the newest one that is known to
 * be good, nor what another one stands on; and nothing at all while no backup leads to now. Pure.
 */
export function planRetention(
  stored: Stored,
  { days, fulls }: Retention,
  { time, proven }: RetentionFacts,
): RetentionPlan {
  const { backups, timelines, current } = stored;
  const begin = momentBefore(time, days * dayMs);
  const ends = agesOf(backups, time);
  const live = onWay(backups, wayTo(current, timelines));
  const newestFulls = live.filter(({ kind }) => kind === 'full').slice(-Math.max(1, fulls));
  const oldestFull = newestFulls[0];
  if (oldestFull === undefined) return { remove: [], wal: null };
  const ways = [1, ...timelines.map(({ id }) => id), current]
    .filter(id => id === current || endOf(id, stored) > begin)
    .map(id => wayTo(id, timelines));
  // Of each, the newest one before the time that must be restorable is where its beginning is restored from.
  const isOld = (backup: Backup): boolean => ends.get(backup)! <= begin;
  const bases = ways.map(way => lastBefore(onWay(backups, way), isOld));
  const newest = live.slice(live.indexOf(oldestFull));
  const wanted = backups.filter(
    each => bases.includes(each) || newest.includes(each) || each.id === proven || !isOld(each),
  );
  const kept = new Set(wanted.flatMap(each => standsOn(each, backups)));
  return {
    remove: backups.filter(each => !kept.has(each)).map(({ id }) => id),
    wal: neededWal([...kept], ways, stored),
  };
}

/** When each ended, as far as age is concerned: what a clock says that was ahead makes nothing young for longer than those after it. */
export function agesOf<Entry extends { readonly endedAt: string }>(
  entries: readonly Entry[],
  { at }: Witness,
): ReadonlyMap<Entry, number> {
  const own = entries.map(({ endedAt }) => Date.parse(endedAt));
  const agreed = agreedTimes(own);
  return new Map(
    entries.map((entry, index) => {
      const isPast = own[index]! - at <= CLOCK_CORRECTION_MS;
      return [entry, isPast ? Math.max(own[index]!, agreed[index]!) : agreed[index]!];
    }),
  );
}

/** The last of the beginning that is old. */
function lastBefore(backups: readonly Backup[], isOld: (backup: Backup) => boolean): Backup | undefined {
  const young = backups.findIndex(each => !isOld(each));
  return young < 0 ? backups.at(-1) : backups[young - 1];
}

function onWay(backups: readonly Backup[], way: readonly Stretch[]): Backup[] {
  return backups.filter(each => isOnWay(each, way));
}

/** When the database was last on this timeline, by all that is stored of it. */
function endOf(timeline: number, { backups, timelines, positions }: Stored): number {
  const said = [
    positions.get(timeline)?.coveredUntil,
    ...backups.filter(each => each.timeline === timeline).map(({ endedAt }) => endedAt),
    // It was left by then, or had begun.
    ...timelines
      .filter(({ id, history }) => id === timeline || parseHistory(history).at(-1)?.timeline === timeline)
      .map(({ since }) => since),
  ];
  return Math.max(...said.filter(at => at !== undefined).map(at => Date.parse(at)));
}

/** Along each way from the oldest backup on it, and of each backup what it is nothing without. */
function neededWal(
  kept: readonly Backup[],
  ways: readonly (readonly Stretch[])[],
  { timelines, segmentBytes }: Stored,
): WalRange[] {
  const at = (lsn: string): number => segmentOf(readLsn(lsn), segmentBytes);
  const along = (way: readonly Stretch[], first: number, last: number | null): WalRange[] =>
    way
      .map(({ timeline, from, to }) => ({
        timeline,
        from: Math.max(first, segmentOf(from, segmentBytes)),
        to: earlier(to === null ? null : segmentOf(to, segmentBytes), last),
      }))
      .filter(({ from, to }) => to === null || from <= to);
  return [
    ...ways.flatMap(way => {
      const starts = onWay(kept, way).map(({ startLsn }) => at(startLsn));
      return starts.length > 0 ? along(way, Math.min(...starts), null) : [];
    }),
    ...kept.flatMap(({ timeline, startLsn, stopLsn }) =>
      along(wayTo(timeline, timelines), at(startLsn), at(stopLsn)),
    ),
  ];
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

/** Whether a plan lets this segment go. Of a timeline whose way is not known, all stays. Pure. */
export function isLetGo(
  { wal }: RetentionPlan,
  { timelines, current }: Pick<Contents, 'timelines' | 'current'>,
  timeline: number,
  segment: number,
): boolean {
  const isKnown = [1, current, ...timelines.map(({ id }) => id)].includes(timeline);
  if (wal === null || !isKnown) return false;
  return !wal.some(
    range =>
      range.timeline === timeline && range.from <= segment && (range.to === null || segment <= range.to),
  );
}

/** What it stands on, as far as that is there: what is missing is not for retention to say. */
function standsOn(backup: Backup, backups: readonly Backup[]): Backup[] {
  const chain = [backup];
  for (let at: Backup | undefined = backup; at; ) {
    const { parent }: Backup = at;
    at = backups.find(({ id }) => id === parent && !chain.some(each => each.id === id));
    if (at) chain.push(at);
  }
  return chain;
}

/**
 * Removes what the plan lets go, and nothing at all while something of the list cannot be read.
 * @param time as the store has seen it pass @returns what was removed @throws {BackupError} CORRUPT, MISSING where nothing may be; FOREIGN
 */
export async function applyRetention(
  vault: HeldVault,
  retention: Retention,
  time: Witness,
): Promise<{ readonly backups: readonly string[]; readonly segments: number }> {
  const contents = await readContents(vault);
  const { backups, damaged, damagedRecords } = contents;
  assertAllRead([...damaged.map(({ reason }) => reason), ...damagedRecords]);
  const plan = planRetention(contents, retention, { time, proven: await provenOf(vault, 'test') });
  const isOld = (timeline: number, segment: number): boolean => isLetGo(plan, contents, timeline, segment);
  const listed = backups.map(({ id }) => id);
  const unfinished = await findUnfinished(vault, backupShelf, listed, time);
  const remove = [...plan.remove, ...unfinished];
  assertLeadsStill(contents, remove, isOld);
  await removeBackups(vault, remove);
  const segments = await removeSegments(vault, isOld);
  const isGone = ({ timeline, lsn }: StoredStep): boolean =>
    isOld(timeline, segmentOf(readLsn(lsn), vault.segmentBytes));
  await removeSteps(vault, contents.clockSteps.filter(isGone));
  return { backups: remove, segments };
}

/** What cannot be read may be what another one stands on, or need WAL. @throws {BackupError} CORRUPT */
export function assertAllRead(reasons: readonly string[]): void {
  const [reason] = reasons;
  if (reason === undefined) return;
  throw new BackupError(
    'CORRUPT',
    `Nothing is removed while something in the store cannot be read: ${reason}`,
    'Where it is of no use any more, remove that object there; what else is wrong: peakstone backup verify',
  );
}

/** @throws {BackupError} CORRUPT, KEY */
export async function provenOf(vault: Vault, kind: TestKind): Promise<string | null> {
  return await readProven(vault, kind).catch(error => {
    if (!isUnreadable(error)) throw error;
    throw new BackupError(
      error.code,
      `Nothing is removed while nobody can say which backup was found good: ${error.message}`,
      'Test one: peakstone backup test',
      error,
    );
  });
}

/** Whatever the rules say: what could be restored before is there afterwards. @throws {BackupError} MISSING */
function assertLeadsStill(
  contents: Contents,
  remove: readonly string[],
  isOld: (timeline: number, segment: number) => boolean,
): void {
  if (whyNoneLeadsToNow(contents)) return;
  const left = (index: Contents['wal']['whole']): Contents['wal']['whole'] =>
    new Map([...index].map(([id, all]) => [id, new Set([...all].filter(each => !isOld(id, each)))]));
  const { whole, partial } = contents.wal;
  const lost = whyNoneLeadsToNow({
    ...contents,
    backups: contents.backups.filter(({ id }) => !remove.includes(id)),
    wal: { whole: left(whole), partial: left(partial) },
  });
  if (lost)
    throw new BackupError(
      'MISSING',
      `Nothing was removed, as the newest state could not be restored afterwards: ${lost.message}`,
      'Make a full backup: peakstone backup create --full',
    );
}
