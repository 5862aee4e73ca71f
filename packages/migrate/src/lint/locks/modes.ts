/** PostgreSQL's table locks, weakest first. @see https://www.postgresql.org/docs/17/explicit-locking.html */
export const LOCK_MODES = [
  'AccessShare',
  'RowShare',
  'RowExclusive',
  'ShareUpdateExclusive',
  'Share',
  'ShareRowExclusive',
  'Exclusive',
  'AccessExclusive',
] as const;

export type LockMode = (typeof LOCK_MODES)[number];

/** What a lock keeps others from, in words. */
export const BLOCKS: Readonly<Record<LockMode, string>> = {
  AccessShare: 'nothing but a drop',
  RowShare: 'nothing but strong locks',
  RowExclusive: 'index builds and other DDL',
  ShareUpdateExclusive: 'other DDL and VACUUM, neither reads nor writes',
  Share: 'writes',
  ShareRowExclusive: 'writes',
  Exclusive: 'writes',
  AccessExclusive: 'reads and writes',
};

/** What a statement does to a table that others may be using. */
export interface Effect {
  /** `schema.name` */
  readonly table: string;
  readonly lock: LockMode;
  /** Every row is written anew, with all indexes. */
  readonly rewrites?: boolean;
  /** Every row is read under the lock. */
  readonly scans?: boolean;
  /** An index is built under the lock. */
  readonly builds?: boolean;
}

export function isStronger(a: LockMode, b: LockMode): boolean {
  return LOCK_MODES.indexOf(a) > LOCK_MODES.indexOf(b);
}
