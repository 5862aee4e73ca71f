/**
 * What is joined to an answer once it is there: rows of a table, or what a remote schema says. A tree by response names,
 * beside the answer's own.
 */
import type { TypeRef } from '../ir/typeRef.ts';
import type { RemoteSchemaModel } from '../model/types.ts';
import type { SessionValue } from '../remote/types.ts';
import type { StatementTemplate } from '../sql/writer.ts';

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

/** No response name begins so: GraphQL keeps two underscores for itself. */
export function hiddenName(member: string): string {
  return `__join_${member}`;
}

/** A field of a remote schema for each of the keys, and what is below it. */
export interface RemoteJoin extends JoinBase {
  readonly kind: 'remote';
  readonly schema: RemoteSchemaModel;
  readonly steps: readonly {
    readonly field: string;
    /** GraphQL, with the keys' values in between. */
    readonly args: readonly (string | KeyValue)[];
  }[];
  /** Of the last field; empty for a scalar. */
  readonly selection: string;
  readonly sessionValues: ReadonlyMap<string, SessionValue>;
  readonly typenames: TypenamePlaces | null;
}

export interface KeyValue {
  readonly key: string;
  readonly type: TypeRef;
}

/** Where names of types stand in an answer, by aliases. */
export interface TypenamePlaces {
  readonly aliases: ReadonlySet<string>;
  readonly below: ReadonlyMap<string, TypenamePlaces>;
}

export interface TableJoin extends JoinBase {
  readonly kind: 'table';
  readonly source: string;
  /** Gives `[{"at": 0, "value": …}]` for a list of keys. */
  readonly statement: StatementTemplate;
  /** Where nothing is to be looked up. */
  readonly empty: null | readonly never[];
}

/** By the name under which the list of keys reaches a table's statement; no variable can be called so. */
export const keysVariable = 'join keys';
