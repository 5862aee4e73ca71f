/**
 * How an exchange undoes what those before it may have left in the session: its first steps, within its own transaction, so
 * that neither neighbours sent at once nor a pooler in transaction mode can come between.
 *
 * Measured on the server's side of an exchange of settings and one row (19 µs): RESET ALL there 1.6 µs, in a transaction of
 * its own behind the answer 4.5, ending reads in a ROLLBACK 5.5; each of the other steps 0.5 to 1 µs. What is left behind
 * cannot be asked for more cheaply than it is reset: `pg_settings` alone takes 300 µs. The seed of `random()` and locks of the
 * session cost least as calls in the settings of a request (kernel/src/request/settings.ts).
 *
 * @see the kernel's README for which state is cleaned when
 */
import type { Exchange, Statement } from '../types.ts';

/** Settings of any name, but not the role nor what is chosen as a transaction begins. */
const resetSettings = 'reset all';
/** Their names hide those of real tables. */
const dropTemporary = 'discard temp';
/** What `currval` and `lastval` tell, and values taken in advance. */
const forgetSequences = 'discard sequences';
/** Cursors WITH HOLD, which hold rows that somebody may see; reads may declare them as well. */
const closeCursors = 'close all';

/**
 * By lane. Reads on a shared connection can neither make temporary tables nor advance sequences. What runs on the lanes that are
 * shared states its role, the login's as well (kernel/src/request/settings.ts).
 */
const steps: Readonly<Record<NonNullable<Exchange['lane']>, readonly string[]>> = {
  shared: [resetSettings, closeCursors],
  write: [resetSettings, closeCursors, dropTemporary, forgetSequences],
  own: [resetSettings, closeCursors, dropTemporary, forgetSequences, 'reset role'],
};

/** Statements to run before those of an exchange on that lane. */
export function cleaningSteps(lane: NonNullable<Exchange['lane']>): readonly string[] {
  return steps[lane];
}

/**
 * What is left to do for a connection at rest, behind the steps of the own lane: to give up locks that others wait for, and
 * channels, which UNLISTEN leaves only as its transaction commits. Its last cell says whether functions prepared statements.
 */
export const restingStatements: readonly Statement[] = [
  { text: 'unlisten *', values: [] },
  {
    text: 'select pg_catalog.pg_advisory_unlock_all(), exists(select from pg_catalog.pg_prepared_statements where from_sql)',
    values: [],
  },
];
