/** Staged edits, all or none: each row must still be what the operator saw, and what it was and became is told for an undo. */
import type { Result } from '@peakstone/kernel/pg';
import type { Call } from '../../api/route.ts';
import { Refusal } from '../../refusal.ts';
import type { CatalogRelation } from './catalog.ts';
import { type Change, planChange, renderChange } from './changes.ts';

type Image = Readonly<Record<string, string | null>>;

export interface Committed {
  readonly before: Image | null;
  readonly after: Image | null;
}

/** @throws {Refusal} conflict, with the change that met another's and the row as it is now */
export async function commit(
  call: Call,
  relation: CatalogRelation,
  changes: readonly Change[],
): Promise<{ readonly changes: readonly Committed[] }> {
  const planned = changes.map(change => plan(relation, change));
  const statements = planned.flatMap(({ before, change }) => (before === null ? [change] : [before, change]));
  call.note({
    statement: planned.map(({ change }) => `${renderChange(change)};`).join('\n'),
    rows: changes.length,
  });
  let refusal: Refusal | null = null;
  const results = await call.databases.write(call.operator, {
    statements,
    signal: call.signal,
    inspect: results => {
      refusal = findConflict(relation, changes, results);
      return refusal === null ? 'commit' : 'rollback';
    },
  });
  if (refusal !== null) throw refusal;
  return {
    changes: pair(changes, results).map(({ before, after }) => ({
      before: imageOf(relation, before),
      after: imageOf(relation, after),
    })),
  };
}

function plan(relation: CatalogRelation, change: Change): ReturnType<typeof planChange> {
  try {
    return planChange(relation, change);
  } catch (error) {
    if (error instanceof RangeError)
      throw new Refusal('input', error.message, 'Look at the table again: it may have been changed.');
    throw error;
  }
}

function findConflict(
  relation: CatalogRelation,
  changes: readonly Change[],
  results: readonly Result[],
): Refusal | null {
  for (const [n, { before, after }] of pair(changes, results).entries()) {
    if (after.rows.length === 1) continue;
    const now = before === null ? null : imageOf(relation, before);
    return new Refusal(
      'conflict',
      now === null
        ? 'The row is no longer there, or a trigger kept it'
        : 'Somebody has changed the row since you saw it',
      'Nothing was written. Look at what it is now, then keep yours or theirs.',
      { facts: { change: n, now } },
    );
  }
  return null;
}

/** The results of each change: of what it found, and of what it left. */
function pair(
  changes: readonly Change[],
  results: readonly Result[],
): { readonly before: Result | null; readonly after: Result }[] {
  let at = 0;
  return changes.map(({ kind }) =>
    kind === 'insert'
      ? { before: null, after: results[at++]! }
      : { before: results[at++]!, after: results[at++]! },
  );
}

function imageOf(relation: CatalogRelation, result: Result | null): Image | null {
  const row = result?.rows[0];
  if (row === undefined) return null;
  return Object.fromEntries(relation.columns.map(({ name }, n) => [name, row[n]?.toString() ?? null]));
}
