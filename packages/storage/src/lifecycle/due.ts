/** When lifecycle rules take effect. Pure. Times are milliseconds. */

import type { LifecycleFilter, LifecycleRule } from '../store/lifecycleRule.ts';
import type { ObjectRow } from '../store/rows.ts';

export const dayMs = 86_400_000;
/** Seen after a date that the clock leapt over, so that one that is set right soon again takes nothing. */
const seenAfterLeapMs = dayMs;

/** What is asked of a filter. */
export type Filtered = Pick<ObjectRow, 'size' | 'tags'>;

export function matchesFilter(
  { prefix, tags, largerThan, smallerThan }: LifecycleFilter,
  key: string,
  row: Filtered,
): boolean {
  return (
    key.startsWith(prefix ?? '') &&
    tags.every(([name, value]) => row.tags?.[name] === value) &&
    (largerThan === undefined || row.size > largerThan) &&
    (smallerThan === undefined || row.size < smallerThan)
  );
}

/** Days end at midnight UTC. A shortened day, for tests, ends when it does. */
export function daysAfter(since: number, days: number, day: number): number {
  const at = since + days * day;
  return day === dayMs ? Math.ceil(at / dayMs) * dayMs : at;
}

/** The time, and how much of it was seen to pass. */
export interface Clock {
  readonly now: number;
  /** The moment since which so much time was seen: what is younger is not so old, whatever the clock says. */
  before(ms: number): number;
  /** Whether nobody saw this moment come. */
  leapt(at: number): boolean;
}

/** Whether so many days are over by the clock, and were seen. */
function isPast({ now, before }: Clock, since: number, days: number, day: number): boolean {
  return daysAfter(since, days, day) <= now && since <= before(days * day);
}

export interface Expiry {
  readonly at: number;
  readonly rule: LifecycleRule;
}

/** The first rule that lets a current object expire, and when. */
export function expiryOf(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  day: number,
): Expiry | undefined {
  let first: Expiry | undefined;
  for (const rule of rules) {
    const { days, at } = rule.expiration ?? {};
    if (!rule.enabled || (days === undefined && at === undefined) || !matchesFilter(rule.filter, key, row))
      continue;
    const due = at ?? daysAfter(row.modified, days!, day);
    if (first === undefined || due < first.at) first = { at: due, rule };
  }
  return first;
}

/** Whether it expires now. A date has come when the clock says so and did not only just leap over it. */
export function isExpired({ at, rule }: Expiry, row: ObjectRow, clock: Clock, day: number): boolean {
  if (at > clock.now) return false;
  const { days } = rule.expiration!;
  if (days !== undefined) return row.modified <= clock.before(days * day);
  return !clock.leapt(at) || at <= clock.before(seenAfterLeapMs);
}

/** Whether a version that `newer` others have replaced, the last one at `since`, may go. */
export function isNoncurrentDue(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  {
    since,
    newer,
    clock,
    day,
  }: { readonly since: number; readonly newer: number; readonly clock: Clock; readonly day: number },
): boolean {
  return rules.some(
    ({ enabled, noncurrent, filter }) =>
      enabled &&
      noncurrent !== undefined &&
      newer >= (noncurrent.keep ?? 0) &&
      isPast(clock, since, noncurrent.days, day) &&
      matchesFilter(filter, key, row),
  );
}

/** Whether a marker that hides nothing any more may go. */
export function isMarkerDue(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  clock: Clock,
  day: number,
): boolean {
  return rules.some(
    ({ enabled, expiration, filter }) =>
      enabled &&
      expiration !== undefined &&
      matchesFilter(filter, key, row) &&
      (expiration.deleteMarker === true ||
        (expiration.days !== undefined && isPast(clock, row.modified, expiration.days, day))),
  );
}

/** Whether an upload that nobody has completed may go. */
export function isUploadDue(
  rules: readonly LifecycleRule[],
  key: string,
  initiated: number,
  clock: Clock,
  day: number,
): boolean {
  return rules.some(
    ({ enabled, abortDays, filter }) =>
      enabled &&
      abortDays !== undefined &&
      key.startsWith(filter.prefix ?? '') &&
      isPast(clock, initiated, abortDays, day),
  );
}

/** `x-amz-expiration`: flat, empty where no rule lets it expire. Days are real ones. */
export function expirationHeader(
  rules: readonly LifecycleRule[] | undefined,
  key: string,
  row: ObjectRow,
): string[] {
  const expiry = rules && expiryOf(rules, key, row, dayMs);
  if (expiry === undefined) return [];
  return [
    'x-amz-expiration',
    `expiry-date="${new Date(expiry.at).toUTCString()}", rule-id="${expiry.rule.id.replace(/[^\x20-\x7e]|"/g, '')}"`,
  ];
}
