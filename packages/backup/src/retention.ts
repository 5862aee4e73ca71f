/** Which backups may go, and with them which WAL. */
import { momentBefore, type Witness } from '@peakstone/kernel/witness';
import { type Backup, listBackups, removeBackups, removeUnfinished } from './catalog/backups.ts';
import { readProven } from './catalog/tests.ts';
import { removeSegmentsBefore } from './catalog/wal.ts';
import { readLsn, segmentOf } from './lsn.ts';
import type { Vault } from './vault.ts';

export interface Retention {
  /** Every moment of so many days can be restored. */
  readonly days: number;
  /** So many full backups stay, however old they are. */
  readonly fulls: number;
}

export interface RetentionPlan {
  /** Oldest first. */
  readonly remove: readonly string[];
  /** WAL segments before this one are needed by none that stays; null while there is no backup. */
  readonly firstSegment: number | null;
}

const dayMs = 24 * 60 * 60 * 1000;

/** By what it is judged which backups may go. */
export interface RetentionFacts {
  readonly segmentBytes: number;
  /** Days are those that somebody saw pass: a clock that jumps makes nothing old. */
  readonly time: Witness;
  /** The newest backup that has passed a test. */
  readonly proven: string | null;
}

/**
 * Keeps what restores any moment of the last `days`, and the newest `fulls` full backups with all that stands on them. Never
 * removes the newest full backup, nor the newest one that is known to be good, nor what another one stands on. Pure.
 */
export function planRetention(
  backups: readonly Backup[],
  { days, fulls }: Retention,
  { segmentBytes, time, proven }: RetentionFacts,
): RetentionPlan {
  const begin = momentBefore(time, days * dayMs);
  // The newest one before the time that must be restorable is where its beginning is restored from.
  const base = backups.findLast(({ endedAt }) => Date.parse(endedAt) <= begin);
  const newestFulls = backups.filter(({ kind }) => kind === 'full').slice(-Math.max(1, fulls));
  const oldestFull = newestFulls[0];
  const wanted = backups.filter(
    (each, place) =>
      each === base ||
      each.id === proven ||
      Date.parse(each.endedAt) > begin ||
      (oldestFull !== undefined && place >= backups.indexOf(oldestFull)),
  );
  const kept = new Set(wanted.flatMap(each => standsOn(each, backups)));
  const starts = backups
    .filter(each => kept.has(each))
    .map(({ startLsn }) => segmentOf(readLsn(startLsn), segmentBytes));
  return {
    remove: backups.filter(each => !kept.has(each)).map(({ id }) => id),
    firstSegment: starts.length > 0 ? Math.min(...starts) : null,
  };
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

/** Of a backup that is being made nothing is listed yet; none takes longer. */
export const unfinishedMs = 2 * dayMs;

/**
 * Removes what the plan lets go: first the entries, so that nothing half removed is listed.
 * @param time as the store has seen it pass @returns what was removed
 */
export async function applyRetention(
  vault: Vault,
  retention: Retention,
  time: Witness,
): Promise<{ readonly backups: readonly string[]; readonly segments: number }> {
  const { backups } = await listBackups(vault);
  const proven = await readProven(vault, 'test');
  const plan = planRetention(backups, retention, { segmentBytes: vault.segmentBytes, time, proven });
  await removeBackups(vault, plan.remove);
  const unfinished = await removeUnfinished(vault, new Date(momentBefore(time, unfinishedMs)));
  const segments = plan.firstSegment === null ? 0 : await removeSegmentsBefore(vault, plan.firstSegment);
  return { backups: [...plan.remove, ...unfinished], segments };
}
