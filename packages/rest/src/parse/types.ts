/** What a query string says, before the catalog is asked whether it makes sense. Words are PostgREST's. */

export interface JsonOperation {
  readonly arrow: '->' | '->>';
  /** An index keeps its sign, as the reference does: `+1`, `-1`. */
  readonly operand: { readonly kind: 'key' | 'index'; readonly value: string };
}

export interface Field {
  readonly name: string;
  readonly path: readonly JsonOperation[];
}

export type AggregateFunction = 'sum' | 'avg' | 'count' | 'max' | 'min';
export type JoinType = 'inner' | 'left';

/** `alias:field.aggregate()::cast`. */
export interface SelectField {
  readonly kind: 'field';
  readonly field: Field;
  readonly aggregate: AggregateFunction | null;
  readonly aggregateCast: string | null;
  readonly cast: string | null;
  readonly alias: string | null;
}

/** `alias:relation!hint!inner(…)`, or `...relation(…)` when `spread`. */
export interface SelectRelation {
  readonly kind: 'relation';
  readonly relation: string;
  readonly alias: string | null;
  readonly hint: string | null;
  readonly joinType: JoinType | null;
  readonly spread: boolean;
  readonly select: readonly SelectItem[];
}

export type SelectItem = SelectField | SelectRelation;

/** Names of nested embeds, outermost first; empty for the request's own relation. */
export type EmbedPath = readonly string[];

export type SimpleOperator = 'neq' | 'cs' | 'cd' | 'ov' | 'sl' | 'sr' | 'nxr' | 'nxl' | 'adj';
export type QuantOperator = 'eq' | 'gte' | 'gt' | 'lte' | 'lt' | 'like' | 'ilike' | 'match' | 'imatch';
export type FtsOperator = 'fts' | 'plfts' | 'phfts' | 'wfts';
export type IsValue = 'null' | 'not_null' | 'true' | 'false' | 'unknown';

export type Operation =
  | { readonly kind: 'simple'; readonly operator: SimpleOperator; readonly value: string }
  | {
      readonly kind: 'quantified';
      readonly operator: QuantOperator;
      readonly quantifier: 'any' | 'all' | null;
      readonly value: string;
    }
  | { readonly kind: 'in'; readonly values: readonly string[] }
  | { readonly kind: 'is'; readonly value: IsValue }
  | { readonly kind: 'isdistinct'; readonly value: string }
  | {
      readonly kind: 'fts';
      readonly operator: FtsOperator;
      readonly language: string | null;
      readonly value: string;
    }
  /** Another column of the same row instead of a value: `gt(col).cost`. Only where the setting allows it. */
  | {
      readonly kind: 'column';
      readonly operator: SimpleOperator | QuantOperator | 'isdistinct';
      readonly column: Field;
    };

export interface OpExpr {
  readonly negated: boolean;
  readonly operation: Operation;
}

export interface Filter {
  readonly field: Field;
  readonly expression: OpExpr;
}

export type LogicTree =
  | { readonly kind: 'filter'; readonly filter: Filter }
  | {
      readonly kind: 'logic';
      readonly negated: boolean;
      readonly operator: 'and' | 'or';
      readonly trees: readonly LogicTree[];
    };

export type OrderDirection = 'asc' | 'desc';
export type OrderNulls = 'nullsfirst' | 'nullslast';

export interface OrderTerm {
  /** Set when the term orders by a column of a to-one embed: `order=clients(name)`. */
  readonly relation: string | null;
  readonly field: Field;
  readonly direction: OrderDirection | null;
  readonly nulls: OrderNulls | null;
}

/** Rows from `lower` to `upper`, both counted from 0 and inclusive; `upper` is Infinity when open. Empty when upper < lower. */
export interface Range {
  readonly lower: number;
  readonly upper: number;
}

export interface QueryParams {
  /** The whole query, sorted by name and encoded again, for Content-Location. */
  readonly canonical: string;
  /** Arguments of a function call by GET, in order; names may repeat. */
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly select: readonly SelectItem[];
  /** In order of the query string. */
  readonly filters: readonly (readonly [EmbedPath, Filter])[];
  /** Names of all filter parameters as written, for the check that PUT names exactly the primary key. */
  readonly filterNames: ReadonlySet<string>;
  readonly logic: readonly (readonly [EmbedPath, LogicTree])[];
  readonly order: readonly (readonly [EmbedPath, readonly OrderTerm[]])[];
  /** By embed path joined with dots; `''` is the top level. */
  readonly ranges: ReadonlyMap<string, Range>;
  readonly columns: readonly string[] | null;
  readonly onConflict: readonly string[] | null;
  /** The cursor of `after=`, empty for the first page; null where it is not given, or not taken. */
  readonly after: string | null;
}

/** What the query string may say beyond the reference's. */
export interface QueryDialect {
  /** Filters may compare columns. */
  readonly columnFilters: boolean;
  /** `after` is a cursor, not a column. */
  readonly keyset: boolean;
}
