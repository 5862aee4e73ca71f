/**
 * How an exchange undoes what those before it may have left in the session: its first steps, within its own transaction, so
 * that neither neighbours sent at once nor a pooler in transaction mode can come between.
 *
 * Measured on the server's side of an exchange of settings and one row (19 µs): RESET ALL there 1.6 µs, in a transaction of
 * its own behind the answer 4.5, ending reads in a ROLLBACK 5.5, and with all else that a session may hold 12. What is left behind
 * cannot be asked for more cheaply than it is reset: `pg_settings` alone takes 300 µs.
 *
 * @see the kernel's README for which state is cleaned when
 */
import type { Exchange, Statement } from '../types.ts';

/** Settings of any name, but not the role nor what is chosen as a transaction begins. */
const resetSettings = 'reset all';
/** Their names hide those of real tables. */
const dropTemporary = 'discard temp';

/** By lane. Reads on a shared connection cannot make temporary tables, and every request takes a role of its own. */
const steps: Readonly<Record<NonNullable<Exchange['lane']>, readonly string[]>> = {
  shared: [resetSettings],
  write: [resetSettings, dropTemporary],
  own: [resetSettings, dropTemporary, 'reset role', 'close all'],
};

/** Statements to run before those of an exchange on that lane. */
export function cleaningSteps(lane: NonNullable<Exchange['lane']>): readonly string[] {
  return steps[lane];
}

/** What is left to do for a connection at rest, behind the steps of the own lane. Its last cell says whether functions prepared statements. */
export function restingStatements(): readonly Statement[] {
  const seed = String(Math.random() * 2 - 1);
  return [
    { text: 'discard sequences', values: [] },
    { text: 'unlisten *', values: [] },
    {
      text: 'select pg_catalog.pg_advisory_unlock_all(), pg_catalog.setseed($1), exists(select from pg_catalog.pg_prepared_statements where from_sql)',
      values: [seed],
    },
  ];
}
