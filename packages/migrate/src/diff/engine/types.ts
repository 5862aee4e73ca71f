/** What is asked of a library that compares databases; `pgDelta.ts` is the one that answers. */

/** All of a database as the library has read it, whosever its parts are. */
export interface Extract {
  /** The library's own. */
  readonly handle: unknown;
}

/** What a database holds, as the library reads it, and as far as we look ourselves. */
export interface Reading {
  readonly structure: Structure;
  /** Roles that grants and owners name. */
  readonly roles: readonly string[];
  /** The library's own. */
  readonly handle: unknown;
}

/** Keys are `schema.name`. */
export interface Structure {
  readonly tables: ReadonlyMap<string, TableShape>;
  readonly sequences: ReadonlyMap<string, SequenceShape>;
  readonly enums: ReadonlyMap<string, readonly string[]>;
  /** What each rests on. */
  readonly domains: ReadonlyMap<string, string>;
}

export interface TableShape {
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlyMap<string, ColumnShape>;
  /** By name: `CHECK ((n > 0))`. */
  readonly constraints: ReadonlyMap<string, string>;
  /** By name: `CREATE INDEX … ON …`, in the table's schema. */
  readonly indexes: ReadonlyMap<string, string>;
  readonly isPartitioned: boolean;
  readonly isPartition: boolean;
  readonly isUnlogged: boolean;
}

export interface ColumnShape {
  /** Of the columns of a table the later ones have the greater. */
  readonly position: number;
  readonly type: string;
  readonly notNull: boolean;
  /** `a` always, `d` by default. */
  readonly identity: string | null;
  readonly generated: string | null;
  readonly default: string | null;
}

export interface SequenceShape {
  readonly schema: string;
  readonly name: string;
  readonly ownedBy: { readonly table: string; readonly column: string } | null;
}

/** One statement of a plan, in the order in which the library wants them. */
export interface Change {
  readonly sql: string;
  /** Names of what it makes, uses and destroys: equal where they mean the same. */
  readonly makes: readonly string[];
  readonly needs: readonly string[];
  readonly destroys: readonly string[];
  /** What it makes cannot be used before it is committed. */
  readonly commitsAfter: boolean;
  /** It cannot run in a transaction. */
  readonly outside: boolean;
  /** Rows or values go with it, to the library's knowledge. */
  readonly loses: boolean;
}

export interface Scope extends AskedScope, ForeignTables {}

/** What is somebody else's, as whoever asks for a diff knows it. */
export interface AskedScope {
  /** Schemas that are somebody else's: left as they are, and assumed to be there. */
  readonly ignoredSchemas: readonly string[];
  /** Tables of a runner's own, in any schema. */
  readonly ignoredTables: readonly string[];
  /** Owners that are not written: whoever migrates owns what it makes. */
  readonly impliedOwners: readonly string[];
}

/** Tables in ignored schemas, `schema.name`, that both databases have. */
export interface ForeignTables {
  /** Whoever migrates owns them: what hangs on them (triggers, policies, indexes …) is compared like anything else. */
  readonly sharedTables: readonly string[];
  /** Those of them in whose schema they may make indexes, too. */
  readonly openTables: readonly string[];
  /** All that both have. */
  readonly foreignTables: readonly string[];
}

export interface DiffEngine {
  /** Name and version. */
  readonly name: string;
  /** @param url of a login that sees everything @param signal gives it up */
  extract(url: string, signal?: AbortSignal): Promise<Extract>;
  /** What of it is to be compared. Pure. */
  read(all: Extract, scope: Scope): Reading;
  /** What makes `from` into `to`. Pure. */
  plan(from: Reading, to: Reading): readonly Change[];
}
