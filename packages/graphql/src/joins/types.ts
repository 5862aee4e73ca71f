/**
 * What is joined to an answer once it is there: rows to what an action or a remote schema gave, fields of a remote schema to
 * rows. A tree by response names, beside the answer's own.
 */
import type { StatementTemplate } from '../sql/statement.ts';

export interface JoinTree {
  /** Members that are there for joins alone, and go when these are done. */
  readonly hidden: readonly string[];
  readonly joins: ReadonlyMap<string, Join>;
  /** Parts of the answer that have joins within. */
  readonly below: ReadonlyMap<string, JoinTree>;
}

export type Join = TableJoin | RemoteJoin;

interface JoinBase {
  /** Hidden members of the object that is joined to, by what each is called on the other side. */
  readonly keys: readonly (readonly [member: string, other: string])[];
  /** Joins within what is joined. */
  readonly below: JoinTree | null;
}

export interface TableJoin extends JoinBase {
  readonly kind: 'table';
  readonly source: string;
  /** Gives `[{"at": 0, "value": …}]` for a list of keys. */
  readonly statement: StatementTemplate;
  /** Where nothing is to be looked up. */
  readonly empty: null | readonly never[];
}

export interface RemoteJoin extends JoinBase {
  readonly kind: 'remote';
  /** The remote schema. */
  readonly schema: string;
  /** Text of the field for a set of keys, without its alias. @throws {HasuraError} */
  readonly fieldText: (keys: Readonly<Record<string, unknown>>) => string;
  /** From the field to what is joined, by response names. */
  readonly path: readonly string[];
}

/** By the name under which the list of keys reaches a table's statement; no variable can be called so. */
export const keysVariable = 'join keys';
