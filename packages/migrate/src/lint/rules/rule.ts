import type { Node } from 'libpg-query';
import type { Effect } from '../locks/modes.ts';
import type { Schema } from '../state/model.ts';

export type Level = 'error' | 'warning' | 'info';

/** A statement with the state that it meets. */
export interface Look {
  readonly node: Node;
  /** Before the statement. */
  readonly schema: Schema;
  /** Of tables that others may be using; one each. */
  readonly effects: readonly Effect[];
  readonly file: FileLook;
  /** Which of the file's statements, from 0. */
  readonly index: number;
  readonly isUtc: boolean;
}

/** The file that a statement stands in. */
export interface FileLook {
  readonly nodes: readonly Node[];
  /** Its statements share a transaction. */
  readonly inTransaction: boolean;
  /** What this file's earlier statements made of enums: the values added, by the enum's key. */
  readonly addedValues: ReadonlyMap<string, ReadonlySet<string>>;
  /** A lock_timeout other than 0 holds. */
  readonly hasLockTimeout: boolean;
  /** Existing tables locked in AccessExclusive by earlier statements. */
  readonly strongLocks: ReadonlySet<string>;
  readonly settings: RuleSettings;
}

export interface RuleSettings {
  /** Schemas that an API serves. */
  readonly exposedSchemas: readonly string[];
  /** Names of a kind of object must match. */
  readonly naming: ReadonlyMap<NamedKind, RegExp>;
}

export type NamedKind = 'table' | 'column' | 'index' | 'constraint' | 'schema' | 'view' | 'function' | 'type';

/** What a rule found. */
export interface Found {
  /** A sentence about this statement. */
  readonly message: string;
  /** The table whose lock makes it worth telling. */
  readonly table?: string;
  /** How to write it instead, where that is known better than the rule's own words. */
  readonly safe?: string;
  /** Of which statement of the file; default the one looked at. */
  readonly index?: number;
}

/** One kind of change that hurts. */
export interface Rule {
  readonly code: string;
  readonly title: string;
  readonly level: Level;
  /** Only when asked for. */
  readonly off?: true;
  /** What other linters and `atlas:nolint` call it. */
  readonly aliases: readonly string[];
  /** Why it hurts. */
  readonly why: string;
  /** How to write it without. */
  readonly safe: string;
  /** Looks at each statement. */
  readonly check?: (look: Look) => Iterable<Found>;
  /** Looks at a file's end: `schema` is what the file leaves. */
  readonly checkEnd?: (file: FileLook, schema: Schema) => Iterable<Found>;
}
