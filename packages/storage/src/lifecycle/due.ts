/** When lifecycle rules take effect. Pure. Times are milliseconds. */

import type { LifecycleFilter, LifecycleRule } from '../store/lifecycleRule.ts';
import type { ObjectRow } from '../store/rows.ts';

export const dayMs = 86_400_000;

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

/** Whether a version that `newer` others have replaced, the last one at `since`, may go. */
export function isNoncurrentDue(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  {
    since,
    newer,
    now,
    day,
  }: { readonly since: number; readonly newer: number; readonly now: number; readonly day: number },
): boolean {
  return rules.some(
    ({ enabled, noncurrent, filter }) =>
      enabled &&
      noncurrent !== undefined &&
      newer >= (noncurrent.keep ?? 0) &&
      daysAfter(since, noncurrent.days, day) <= now &&
      matchesFilter(filter, key, row),
  );
}

/** Whether a marker that hides nothing any more may go. */
export function isMarkerDue(
  rules: readonly LifecycleRule[],
  key: string,
  row: ObjectRow,
  now: number,
  day: number,
): boolean {
  return rules.some(
    ({ enabled, expiration, filter }) =>
      enabled &&
      expiration !== undefined &&
      matchesFilter(filter, key, row) &&
      (expiration.deleteMarker === true ||
        (expiration.days !== undefined && daysAfter(row.modified, expiration.days, day) <= now)),
  );
}

/** Whether an upload that nobody has completed may go. */
export function isUploadDue(
  rules: readonly LifecycleRule[],
  key: string,
  initiated: number,
  now: number,
  day: number,
): boolean {
  return rules.some(
    ({ enabled, abortDays, filter }) =>
      enabled &&
      abortDays !== undefined &&
      key.startsWith(filter.prefix ?? '') &&
      daysAfter(initiated, abortDays, day) <= now,
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
