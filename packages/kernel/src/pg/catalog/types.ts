/**
 * What the database holds, as data. Loaded once, replaced whole on reload, never mutated.
 * Words follow PostgREST's schema cache where it has one.
 */
export interface Catalog {
  /** By `key(schema, name)`. Every relation of every schema but pg_catalog and information_schema, unless the loader was told to restrict. */
  readonly tables: ReadonlyMap<string, Table>;
  /** By `key` of the source relation; both directions are present. */
  readonly relationships: ReadonlyMap<string, readonly Relationship[]>;
  /** By `key(schema, name)`: every overload. */
  readonly routines: ReadonlyMap<string, readonly Routine[]>;
  /** Domain representations: by `castKey(from, to)` the cast function. */
  readonly representations: ReadonlyMap<string, Representation>;
  readonly mediaHandlers: readonly MediaHandler[];
  /** Comments on schemas, by name. */
  readonly schemas: ReadonlyMap<string, string | null>;
  /** `server_version_num`. */
  readonly serverVersion: number;
  readonly loadedInMs: number;
}

export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

export interface Table extends QualifiedName {
  readonly kind: 'table' | 'partitioned' | 'view' | 'materialized' | 'foreign';
  readonly isPartition: boolean;
  readonly comment: string | null;
  readonly insertable: boolean;
  readonly updatable: boolean;
  readonly deletable: boolean;
  /** Primary key columns in key order; for a view, those it passes on. */
  readonly primaryKey: readonly string[];
  readonly columns: ReadonlyMap<string, Column>;
}

export interface Column {
  readonly name: string;
  readonly comment: string | null;
  readonly nullable: boolean;
  /** As `format_type` prints the base type, without modifier: `character varying`. For domains the base type. */
  readonly type: string;
  /** As `format_type` prints the declared type, without modifier; differs from `type` for domains. */
  readonly nominalType: string;
  readonly typeOid: number;
  readonly maxLength: number | null;
  /** Default, identity or generation expression as SQL text. */
  readonly default: string | null;
  readonly generated: boolean;
  readonly identity: boolean;
  readonly enumValues: readonly string[];
  readonly isComposite: boolean;
  readonly isArray: boolean;
}

export interface ForeignKey {
  readonly constraint: string;
  /** Pairs of source column and target column, in constraint order. */
  readonly columns: readonly (readonly [source: string, target: string])[];
}

export type Relationship =
  | (RelationshipBase & ForeignKey & { readonly kind: 'one-to-many' | 'many-to-one' })
  /** `isParent`: the other side holds the foreign key. */
  | (RelationshipBase & ForeignKey & { readonly kind: 'one-to-one'; readonly isParent: boolean })
  | (RelationshipBase & {
      readonly kind: 'many-to-many';
      readonly junction: QualifiedName;
      /** From source to junction: pairs of source column and junction column. */
      readonly sourceKey: ForeignKey;
      /** From junction to target: pairs of target column and junction column. */
      readonly targetKey: ForeignKey;
    })
  | (RelationshipBase & { readonly kind: 'computed'; readonly routine: QualifiedName; readonly toOne: boolean });

interface RelationshipBase {
  readonly source: QualifiedName;
  readonly target: QualifiedName;
  readonly sourceIsView: boolean;
  readonly targetIsView: boolean;
  readonly isSelf: boolean;
}

export interface Routine extends QualifiedName {
  readonly oid: number;
  readonly comment: string | null;
  readonly parameters: readonly RoutineParameter[];
  readonly returns: {
    readonly setof: boolean;
    readonly kind: 'scalar' | 'composite' | 'void';
    /** The returned type; for RETURNS TABLE and OUT arguments `record`. Names a relation when it is one's row type. */
    readonly type: QualifiedName;
    /** Formatted type name. */
    readonly typeText: string;
  };
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly variadic: boolean;
  /** `SET` clauses of the function. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly language: string;
}

export interface RoutineParameter {
  /** Empty when unnamed. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly variadic: boolean;
}

export interface Representation {
  readonly from: string;
  readonly to: string;
  readonly routine: QualifiedName;
}

/** A function or aggregate that renders a relation (or anything, when `relation` is null) as a media type. */
export interface MediaHandler {
  readonly mediaType: string;
  readonly relation: QualifiedName | null;
  readonly routine: QualifiedName;
  readonly isAggregate: boolean;
}

/** The map key of a qualified name; `\0` cannot occur in either part. */
export function key(schema: string, name: string): string {
  return `${schema}\0${name}`;
}
