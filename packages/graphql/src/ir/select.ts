/** Reads, as a tree: what is asked of which rows. */
import type { Scalar } from '../catalog/scalars.ts';
import type { BoolExp, Join, TableName } from './boolExp.ts';
import type { FunctionCall } from './call.ts';
import type { Value } from './value.ts';

export type From =
  | { readonly kind: 'table'; readonly table: TableName }
  | { readonly kind: 'call'; readonly call: FunctionCall }
  /** SQL of a native query, cut at its arguments. */
  | { readonly kind: 'sql'; readonly parts: readonly (string | Value)[]; readonly columns: readonly string[] }
  /** Rows that statements before this one have written. */
  | { readonly kind: 'written'; readonly carrier: string; readonly table: TableName }
  /** Rows of the statement's own CTE. */
  | { readonly kind: 'cte'; readonly name: string };

export interface Rows {
  readonly from: From;
  readonly where: BoolExp;
  readonly orderBy: readonly OrderItem[];
  /** Columns. */
  readonly distinctOn: readonly OrderOperand[];
  readonly limit: Value | null;
  readonly offset: Value | null;
  /** With as many more as tie with the last. */
  readonly withTies?: boolean;
}

export interface OrderItem {
  readonly operand: OrderOperand;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last' | null;
}

export type OrderOperand =
  | { readonly kind: 'column'; readonly column: string; readonly shownIf?: BoolExp }
  | { readonly kind: 'call'; readonly call: FunctionCall; readonly shownIf?: BoolExp }
  /** Of the row that an object relationship leads to. */
  | {
      readonly kind: 'through';
      readonly table: TableName;
      readonly join: Join;
      readonly where: BoolExp;
      readonly operand: OrderOperand;
    }
  /** An aggregate over the rows that an array relationship leads to, or a function returns. */
  | {
      readonly kind: 'aggregate';
      readonly from: From;
      readonly join: Join;
      readonly where: BoolExp;
      readonly fn: string;
      readonly column: OrderOperand | null;
      /** Of the column. */
      readonly scalar: Scalar;
    };

export interface SelectPlan {
  readonly rows: Rows;
  readonly fields: readonly SelectField[];
}

/** `t_aggregate`: its members in the order in which they were asked for. */
export interface AggregatePlan {
  readonly rows: Rows;
  readonly fields: readonly AggregateField[];
  /** The permission's limit, which caps nodes alone. */
  readonly nodesLimit: number | null;
}

export type AggregateField =
  | { readonly kind: 'aggregate'; readonly alias: string; readonly members: readonly AggregateMember[] }
  | { readonly kind: 'nodes'; readonly alias: string; readonly fields: readonly SelectField[] }
  | { readonly kind: 'typename'; readonly alias: string; readonly text: string };

export type AggregateMember =
  | {
      readonly kind: 'count';
      readonly alias: string;
      readonly columns: readonly Aggregated[];
      readonly isDistinct: boolean;
    }
  | {
      readonly kind: 'operator';
      readonly alias: string;
      readonly fn: string;
      readonly members: readonly (AggregatedAs | Typename)[];
    }
  | Typename;

interface Typename {
  readonly kind: 'typename';
  readonly alias: string;
  readonly text: string;
}

export interface Aggregated {
  readonly operand:
    | { readonly kind: 'column'; readonly column: string; readonly shownIf?: BoolExp }
    | { readonly kind: 'call'; readonly call: FunctionCall; readonly shownIf?: BoolExp };
}

export interface AggregatedAs extends Aggregated {
  readonly kind: 'column';
  readonly alias: string;
  /** Of what is aggregated. */
  readonly scalar: Scalar;
  /** As text, so that no client rounds it. */
  readonly asText: boolean;
}

export type SelectField =
  | Typename
  /** Null, which a join fills in. */
  | { readonly kind: 'joined'; readonly alias: string }
  | {
      readonly kind: 'column';
      readonly alias: string;
      readonly column: string;
      readonly scalar: Scalar;
      readonly form: Form;
      readonly path: readonly string[] | null;
      readonly shownIf?: BoolExp;
    }
  | {
      readonly kind: 'call';
      readonly alias: string;
      readonly call: FunctionCall;
      readonly scalar: Scalar;
      readonly form: Form;
      readonly path: readonly string[] | null;
      readonly shownIf?: BoolExp;
    }
  /** One row or null. */
  | {
      readonly kind: 'object';
      readonly alias: string;
      readonly join: Join;
      readonly select: SelectPlan;
      readonly shownIf?: BoolExp;
    }
  | {
      readonly kind: 'list';
      readonly alias: string;
      readonly join: Join;
      readonly select: SelectPlan;
      readonly shownIf?: BoolExp;
    }
  | {
      readonly kind: 'aggregate';
      readonly alias: string;
      readonly join: Join;
      readonly aggregate: AggregatePlan;
      readonly shownIf?: BoolExp;
    }
  | {
      readonly kind: 'connection';
      readonly alias: string;
      readonly join: Join;
      readonly connection: ConnectionPlan;
    }
  /** Relay's id of a row. */
  | {
      readonly kind: 'nodeId';
      readonly alias: string;
      readonly table: TableName;
      readonly columns: readonly string[];
    };

/** How a value goes into JSON: as PostgreSQL writes it there, as text, or as GeoJSON. */
export type Form = 'json' | 'text' | 'geojson' | 'textArray' | 'upperCase';

/** A root field that reads. */
export type ReadRoot =
  | { readonly kind: 'list' | 'single'; readonly select: SelectPlan }
  | { readonly kind: 'aggregate'; readonly aggregate: AggregatePlan }
  | { readonly kind: 'connection'; readonly connection: ConnectionPlan }
  | StreamRoot;

/** Rows beyond a cursor, which moves on with each batch. */
export interface StreamRoot {
  readonly kind: 'stream';
  readonly select: SelectPlan;
  readonly cursor: { readonly operand: OrderOperand; readonly value: Value };
}

/** Relay's connections: rows between two places of an order, with where each of them stands. */
export interface ConnectionPlan {
  /** Ordered whole, down to the primary key; the limit is that of the slice. */
  readonly rows: Rows;
  /** What a row's place is told by, as JSON: a member a path. */
  readonly cursor: readonly CursorTerm[];
  /** The last ones, rather than the first. */
  readonly isBackward: boolean;
  readonly split: ConnectionSplit | null;
  readonly fields: readonly ConnectionField[];
}

export interface CursorTerm {
  readonly path: readonly string[];
  readonly item: OrderItem;
}

/** Rows behind a place, or before it. */
export interface ConnectionSplit {
  readonly kind: 'after' | 'before';
  /** A value for each term of the order. */
  readonly values: readonly Value[];
}

export type ConnectionField =
  | { readonly kind: 'typename'; readonly alias: string; readonly text: string }
  | { readonly kind: 'pageInfo'; readonly alias: string; readonly members: readonly PageInfoMember[] }
  | { readonly kind: 'edges'; readonly alias: string; readonly fields: readonly EdgeField[] };

export type PageInfoMember =
  | { readonly kind: 'typename'; readonly alias: string; readonly text: string }
  | {
      readonly kind: 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor';
      readonly alias: string;
    };

export type EdgeField =
  | { readonly kind: 'typename'; readonly alias: string; readonly text: string }
  | { readonly kind: 'cursor'; readonly alias: string }
  | { readonly kind: 'node'; readonly alias: string; readonly fields: readonly SelectField[] };
