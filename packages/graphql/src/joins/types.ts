/**
 * What is joined to an answer once it is there: rows to what an action gave. A tree by response names, beside the answer's
 * own.
 */
import type { StatementTemplate } from '../sql/statement.ts';

export interface JoinTree {
  /** Members that are there for joins alone, and go when these are done. */
  readonly hidden: readonly string[];
  readonly joins: ReadonlyMap<string, TableJoin>;
  /** Parts of the answer that have joins within. */
  readonly below: ReadonlyMap<string, JoinTree>;
}

export interface TableJoin {
  /** Hidden members of the object that is joined to, by what each is called on the other side. */
  readonly keys: readonly (readonly [member: string, other: string])[];
  /** Joins within what is joined. */
  readonly below: JoinTree | null;
  readonly source: string;
  /** Gives `[{"at": 0, "value": …}]` for a list of keys. */
  readonly statement: StatementTemplate;
  /** Where nothing is to be looked up. */
  readonly empty: null | readonly never[];
}

/** By the name under which the list of keys reaches a table's statement; no variable can be called so. */
export const keysVariable = 'join keys';
