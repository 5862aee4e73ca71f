/** Which errors of an exchange are the fault of the session that it met rather than its own, and what mends them. Pure. */
import type { PgError } from '../errors.ts';

/**
 * `prepareAnew`: parse the exchange's statements anew, whose tables or types have changed.
 * `prepareAll`: parse every statement anew, as somebody has dropped or replaced prepared ones.
 * `begin`: begin a transaction, as implicit ones would not be read committed and writable here.
 * `sendAnew`: nothing but try again.
 */
export type Repair = 'prepareAnew' | 'prepareAll' | 'begin' | 'sendAnew';

/** Where the error arose. */
export interface Fault {
  /** Which of the exchange's statements failed; below 0 one that came before them. */
  readonly at: number;
  /** The statement was parsed by an earlier exchange. */
  readonly isReused: boolean;
  /** The exchange has no BEGIN. */
  readonly isImplicit: boolean;
  readonly isIsolated: boolean;
}

/**
 * What PostgreSQL says of a statement whose meaning was settled before the schema changed: undefined or ambiguous function or
 * operator, column, table or object, mismatched, uncastable or indeterminate type, wrong kind of object. Not 42501: what a
 * role may do is looked up each time.
 */
const staleCodes: ReadonlySet<string> = new Set(
  '42883 42725 42703 42P01 42704 42804 42846 42P18 42809'.split(' '),
);

/** Null when the error is the exchange's own. */
export function repairFor(error: PgError, fault: Fault): Repair | null {
  const { code, fields } = error;
  switch (code) {
    case '26000': // no such prepared statement
    case '42P05': // one of that name is there already
      return 'prepareAll';
    case '0A000':
      return fields.routine === 'RevalidateCachedQuery' ? 'prepareAnew' : null;
    case '25001': // the first statement says how the transaction shall be, but it has begun otherwise
      return fault.isIsolated && fault.isImplicit && fault.at === 0 ? 'begin' : null;
  }
  // What others left, such as a time-out of a millisecond, also holds while it is undone.
  if (fault.isIsolated && fault.at < 0) return 'sendAnew';
  // A context means that a function of the user's raised it while it ran.
  if (fields.where !== undefined) return null;
  // Such as "cache lookup failed for type": dropped while the statement was looked at.
  if (code === 'XX000') return 'prepareAnew';
  return fault.isReused && staleCodes.has(code) ? 'prepareAnew' : null;
}
