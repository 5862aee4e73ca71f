/** Plans: what a request will do, resolved against the catalog. Plain data; SQL is made from nothing else. */
import type { QualifiedName, Relationship, Routine, RoutineParameter } from '@peakstone/kernel/catalog';
import type { MediaType } from '../parse/media.ts';
import type {
  AggregateFunction,
  Field,
  JoinType,
  JsonOperation,
  OpExpr,
  Operation,
  OrderDirection,
  OrderNulls,
  Range,
} from '../parse/types.ts';

/** The CTE that holds what a write returned or a function gave; reads on top of it start there. */
export const SOURCE_CTE: QualifiedName = { schema: '', name: 'pgrst_source' };

/** A column (or computed field, or whatever the name turns out to be) with what is known of its type. */
export interface ResolvedField {
  readonly name: string;
  readonly path: readonly JsonOperation[];
  /** Whether a json path needs `to_jsonb(column)`. */
  readonly toJson: boolean;
  /** Set when a full-text filter applies to a column that is not yet a tsvector. */
  readonly tsvector: { readonly language: string | null } | null;
  /** Declared type, empty when unknown. */
  readonly type: string;
  /** The domain representation that converts the value in this place. */
  readonly transform: QualifiedName | null;
  /** The whole row instead of a column: `count()` in a spread. */
  readonly fullRow: boolean;
}

export interface SelectTerm {
  readonly field: ResolvedField;
  readonly aggregate: AggregateFunction | null;
  readonly aggregateCast: string | null;
  readonly cast: string | null;
  readonly alias: string | null;
}

export type Condition =
  | { readonly kind: 'filter'; readonly field: ResolvedField; readonly expression: OpExpr }
  /** `left operator right`, both of the same row. */
  | {
      readonly kind: 'columns';
      readonly negated: boolean;
      readonly left: ResolvedField;
      readonly operator: Extract<Operation, { kind: 'column' }>['operator'];
      readonly right: ResolvedField;
    }
  /** `embed=is.null`: whether the joined embed is there. */
  | { readonly kind: 'nullEmbed'; readonly isNull: boolean; readonly embed: string }
  | {
      readonly kind: 'logic';
      readonly negated: boolean;
      readonly operator: 'and' | 'or';
      readonly conditions: readonly Condition[];
    };

export type ResolvedOrder = {
  /** The join alias of a to-one embed, or null for the node's own field. */
  readonly embed: string | null;
  readonly field: ResolvedField;
  readonly direction: OrderDirection | null;
  readonly nulls: OrderNulls | null;
};

/** `left.column = right.column`. */
export interface JoinCondition {
  readonly left: QualifiedName;
  readonly leftColumn: string;
  readonly right: QualifiedName;
  readonly rightColumn: string;
}

export interface SpreadTerm {
  readonly name: string;
  readonly aggregate: AggregateFunction | null;
  readonly aggregateCast: string | null;
  readonly alias: string | null;
}

interface EmbedBase {
  /** What is embedded. */
  readonly node: ReadNode;
  readonly joinAlias: string;
}

/** An embed and how the level above shows it: as a json column, or as columns of its own. */
export type Embed =
  | (EmbedBase & {
      readonly kind: 'json';
      readonly name: string;
      readonly toOne: boolean;
      /** Nothing of it is selected: it only filters. */
      readonly isEmpty: boolean;
    })
  | (EmbedBase & { readonly kind: 'spread'; readonly terms: readonly SpreadTerm[] });

export type Spread =
  | { readonly kind: 'to-one' }
  | {
      readonly kind: 'to-many';
      /** Selected only so that the aggregation can order by them; `embed` as in ResolvedOrder. */
      readonly orderSelect: readonly { readonly embed: string | null; readonly term: SelectTerm }[];
      readonly order: readonly ResolvedOrder[];
    };

/** One level of a read: the request's relation or an embed. */
export interface ReadNode {
  /** The relation read; schema empty when it is the statement's own source CTE. */
  readonly from: QualifiedName;
  /** The alias in FROM; null when columns are qualified by `from`. */
  readonly alias: string | null;
  /** The relation whose columns are meant, even when `from` is the source CTE. */
  readonly table: QualifiedName;
  /** Rows written to a table without columns: there is nothing that a star could stand for. */
  readonly hasNoColumns?: true;
  readonly select: readonly SelectTerm[];
  readonly where: readonly Condition[];
  readonly order: readonly ResolvedOrder[];
  readonly range: Range;
  /** Null at the top. */
  readonly relationship: Relationship | null;
  /** For a computed relationship: what names the parent's row. */
  readonly parentRow: string | null;
  readonly joins: readonly JoinCondition[];
  readonly joinType: JoinType | null;
  /** The alias of the lateral join, and the name filters and orders reach it by. */
  readonly joinAlias: string;
  /** Name in the request, and the alias given there. */
  readonly name: string;
  readonly requestAlias: string | null;
  readonly spread: Spread | null;
  readonly embeds: readonly Embed[];
}

export interface ReadPlan {
  readonly root: ReadNode;
  /** Embeds that were addressed by name although they have an alias: [name, alias], for the Warning header. */
  readonly legacyTargets: readonly (readonly [name: string, alias: string])[];
}

/** What turns rows into the body. */
export type Handler =
  | { readonly kind: 'json' }
  | { readonly kind: 'arrayStripped' }
  | { readonly kind: 'object'; readonly stripsNulls: boolean }
  | { readonly kind: 'geojson' }
  | { readonly kind: 'csv' }
  /** An aggregate of the schema, over `relation`'s rows when given; or the cast to a media type's domain. */
  | { readonly kind: 'custom'; readonly routine: QualifiedName; readonly relation: QualifiedName | null }
  /** No body. */
  | { readonly kind: 'none' };

export interface ResolvedHandler {
  readonly handler: Handler;
  readonly mediaType: MediaType;
}

export interface InsertColumn extends ResolvedField {
  /** SQL text from the catalog. */
  readonly default: string | null;
  /** Under which key of the body the column stands. */
  readonly key: string;
}

interface MutateBase {
  readonly table: QualifiedName;
  /** Column names to return; empty returns a 1 per row; `['*']` all. */
  readonly returning: readonly string[];
}

export type MutatePlan =
  | (MutateBase & {
      readonly kind: 'insert';
      readonly columns: readonly InsertColumn[];
      readonly body: Uint8Array;
      readonly onConflict: {
        readonly resolution: 'merge-duplicates' | 'ignore-duplicates';
        readonly columns: readonly string[];
      } | null;
      /** For PUT: what the payload's row must satisfy. Empty otherwise. */
      readonly where: readonly Condition[];
      readonly isPut: boolean;
      readonly primaryKey: readonly string[];
      readonly appliesDefaults: boolean;
    })
  | (MutateBase & {
      readonly kind: 'update';
      readonly columns: readonly InsertColumn[];
      readonly body: Uint8Array;
      readonly where: readonly Condition[];
      readonly appliesDefaults: boolean;
    })
  | (MutateBase & { readonly kind: 'delete'; readonly where: readonly Condition[] });

export type CallArguments =
  /** From the query string or a form; a variadic one holds all its values. */
  | { readonly kind: 'direct'; readonly values: ReadonlyMap<string, string | readonly string[]> }
  /** From the body: JSON, or the bytes of the one unnamed parameter. */
  | { readonly kind: 'body'; readonly body: Uint8Array | null; readonly keys?: ReadonlyMap<string, string> };

export interface CallPlan {
  readonly routine: Routine;
  readonly parameters:
    | { readonly kind: 'named'; readonly list: readonly RoutineParameter[] }
    | { readonly kind: 'unnamed'; readonly type: string };
  readonly arguments: CallArguments;
  readonly returnsScalar: boolean;
  readonly returnsSetOfScalar: boolean;
  /** Columns the read on top needs; empty or `['*']` for all. */
  readonly returning: readonly string[];
  readonly filterFields: readonly string[];
}

/** Whether the level's rows are aggregated, by itself or by what it spreads. */
export function isAggregated({ select, embeds }: ReadNode): boolean {
  return (
    select.some(term => term.aggregate !== null) ||
    embeds.some(embed => embed.kind === 'spread' && embed.terms.some(term => term.aggregate !== null))
  );
}

/** A field that nothing is known of. */
export function unknownField(field: Field): ResolvedField {
  return { ...field, toJson: false, tsvector: null, type: '', transform: null, fullRow: false };
}
