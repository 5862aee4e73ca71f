/**
 * One statement for many who subscribe alike: whose variables and sessions differ in their values alone. Where the database
 * decides by role and claims these differ, too, so that there a batch is of those who share both.
 */
import { type Cell, PgError, type Result, type SqlValue } from '@peakstone/kernel/pg';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { type Database, runFor } from '../engine/database.ts';
import { sessionJson } from '../engine/fill.ts';
import { fromConnectionError, fromPgError } from '../engine/pgErrors.ts';
import { isDatabaseRole, openSession } from '../engine/transaction.ts';
import type { StatementGroup } from '../engine/types.ts';
import type { HasuraError } from '../errors.ts';
import { arrayText } from '../ir/readers.ts';
import type { Rounds } from './rounds.ts';

/** Who gets the same rows: one session's values, or equal ones of several. */
export interface Cohort {
  readonly session: Session;
  /** Those of the statement's parameters, for this cohort alone. */
  readonly values: readonly (string | null)[];
}

export type CohortResult =
  /** The row's columns; valid until the caller returns to the event loop. */
  | { readonly kind: 'row'; readonly cells: readonly Cell[] }
  | { readonly kind: 'error'; readonly error: HasuraError };

export interface BatchContext {
  readonly authorization: GraphqlConfig['authorization'];
  /** @throws {HasuraError} for a source that is not there */
  database(source: string): Database;
  readonly rounds: Rounds;
}

/** Which cohorts may share a batch: those whose keys are equal. */
export function batchKey(
  session: Session,
  authorization: GraphqlConfig['authorization'],
  { readsSession }: Pick<StatementGroup, 'readsSession'>,
): string {
  if (!isDatabaseRole(session, authorization) && !readsSession) return '';
  return `${session.claimsJson ?? ''}\n${sessionJson(session)}`;
}

/**
 * Asks for all cohorts of a batch at once, and tells each its result.
 * @throws what no client can have caused
 */
export async function fetchBatch<Each extends Cohort>(
  group: StatementGroup,
  cohorts: readonly Each[],
  context: BatchContext,
  onResult: (cohort: Each, result: CohortResult) => void,
): Promise<void> {
  const { text, large, params, path } = group.statements[0]!;
  const values = await context.rounds.make(batchValues(params.length, cohorts));
  let results: readonly Result[];
  try {
    const { authorization } = context;
    const database = context.database(group.source);
    const session = sharedSession(cohorts[0]!.session, context, group);
    const opening = openSession(session, 'read only', { authorization, roles: database.roles });
    const statements = [...opening.statements, { text, values, ...(large !== undefined && { large }) }];
    ({ results } = await runFor(session, database, { ...opening, statements }));
  } catch (error) {
    if (error instanceof PgError && cohorts.length > 1 && isOfOne(error)) {
      // One's value spoils the statement of all: halves find whose, and the others get their rows.
      const middle = cohorts.length >> 1;
      await fetchBatch(group, cohorts.slice(0, middle), context, onResult);
      await fetchBatch(group, cohorts.slice(middle), context, onResult);
      return;
    }
    const refusal =
      error instanceof PgError
        ? fromPgError(error, { text, values, path }, 'query')
        : fromConnectionError(error, path);
    if (!refusal) throw error;
    for (const cohort of cohorts) onResult(cohort, { kind: 'error', error: refusal });
    return;
  }
  for (const [place, ...cells] of results[1]!.rows)
    onResult(cohorts[Number(place!.toString())]!, { kind: 'row', cells });
}

/** An array for each parameter. Yields between them. */
function* batchValues(count: number, cohorts: readonly Cohort[]): Generator<void, SqlValue[]> {
  const values: SqlValue[] = [`{${cohorts.map((_, i) => i).join(',')}}`];
  for (let i = 0; i < count; i++) {
    values.push(arrayText(cohorts.map(cohort => cohort.values[i]!)));
    yield;
  }
  return values;
}

/** What one's values can bring about: data that does not fit, or what a function refuses. */
function isOfOne({ code }: PgError): boolean {
  return code.startsWith('22') || code.startsWith('P0') || code.startsWith('21');
}

/** What functions may know of a session in a batch: all of it where the batch shares it, else the role alone. */
function sharedSession(
  session: Session,
  { authorization }: BatchContext,
  { readsSession }: StatementGroup,
): Session {
  if (isDatabaseRole(session, authorization) || readsSession) return session;
  return { ...session, variables: new Map([['x-hasura-role', session.role]]), claimsJson: null };
}
