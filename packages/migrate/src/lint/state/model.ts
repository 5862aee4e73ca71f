/** What is known of the database from the statements so far: enough to tell what the next one costs. */
import type { Node } from 'libpg-query';
import type { ColumnType } from '../tree.ts';

export interface Column {
  type: ColumnType;
  notNull: boolean;
  hasDefault: boolean;
}

export interface Constraint {
  readonly kind: 'check' | 'foreign' | 'unique' | 'primary' | 'exclude';
  readonly columns: readonly string[];
  /** False between NOT VALID and VALIDATE. */
  valid: boolean;
  /** In which file it was made. */
  readonly madeIn: number;
  /** The table that a foreign key points at. */
  readonly references?: string;
  /** Of a check: its expression. */
  readonly expression?: Node;
}

export interface Index {
  readonly table: string;
  /** Its columns, up to the first expression. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly madeIn: number;
}

export interface Table {
  readonly kind: 'table' | 'view' | 'materialized view';
  /** In which file it was made. */
  readonly madeIn: number;
  /** False where it was made from a query, or from a table that is not known. */
  knowsColumns: boolean;
  readonly columns: Map<string, Column>;
  readonly constraints: Map<string, Constraint>;
  readonly partitioned: boolean;
  /** Key of the table that it is a partition of. */
  partitionOf: string | undefined;
  /** Key of its default partition. */
  defaultPartition: string | undefined;
  rowSecurity: boolean;
  /** Names of its restrictive policies. */
  readonly restrictive: Set<string>;
}

export interface Routine {
  readonly argumentNames: readonly string[];
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** It runs with its owner's rights. */
  readonly isDefiner: boolean;
}

export interface Enum {
  readonly madeIn: number;
  readonly values: Set<string>;
}

export interface Domain {
  readonly madeIn: number;
  readonly base: ColumnType;
  checked: boolean;
}

/** Keys are `schema.name`. */
export interface Schema {
  /** The file that is being read, counted from 0. */
  file: number;
  searchPath: readonly string[];
  readonly tables: Map<string, Table>;
  readonly indexes: Map<string, Index>;
  readonly enums: Map<string, Enum>;
  readonly domains: Map<string, Domain>;
  /** By `schema.name(types)`. */
  readonly routines: Map<string, Routine>;
  /** Schemas, by the file that made them. */
  readonly schemas: Map<string, number>;
}

export function emptySchema(): Schema {
  return {
    file: -1,
    searchPath: ['public'],
    tables: new Map(),
    indexes: new Map(),
    enums: new Map(),
    domains: new Map(),
    routines: new Map(),
    schemas: new Map(),
  };
}

type Named = 'tables' | 'indexes' | 'enums' | 'domains';

/**
 * The key that a name means: of the first in the search path that has it, else of the first schema in it.
 * @param parts the name's, such as `['public', 'films']` or `['films']`
 */
export function keyOf(schema: Schema, kind: Named, parts: readonly string[]): string {
  if (parts.length > 1) return parts.slice(-2).join('.');
  const name = parts[0] ?? '';
  const found = schema.searchPath.find(each => schema[kind].has(`${each}.${name}`));
  return `${found ?? schema.searchPath[0] ?? 'public'}.${name}`;
}

/** A relation's key. */
export function tableKey(
  schema: Schema,
  relation: { schemaname?: string; relname?: string } | undefined,
): string {
  const parts = [relation?.schemaname, relation?.relname].filter(part => part !== undefined);
  return keyOf(schema, 'tables', parts);
}

/** Whether the file being read has made it, so that nobody else can have rows in it, or wait for it. */
export function isNew(schema: Schema, key: string): boolean {
  return schema.tables.get(key)?.madeIn === schema.file;
}

/** As people write it: without `public`. */
export function nameText(key: string): string {
  return key.startsWith('public.') ? key.slice('public.'.length) : key;
}
