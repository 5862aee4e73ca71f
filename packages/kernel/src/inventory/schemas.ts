/** Which schemas of a stack's database are not an application's. Every list of them is a question to this table. */

export type SchemaTrait =
  /** `DATABASE_SCHEMAS` may not name it. */
  | 'reserved'
  /** A start looks whether its owner and its privileges are still the bootstrap's. */
  | 'watched'
  /** A database in which only such schemas have tables holds nobody's work. */
  | 'nobodysWork'
  /** It is where a runner of migrations remembers what it has applied. */
  | 'history'
  /** No dump changes it. */
  | 'notImported'
  /** An import gives those who read and write the application's schemas nothing in it. */
  | 'closed'
  /** An import gives a role that it makes the use of it, where the dump does: nothing in it acts for others. */
  | 'shared'
  /** With `DATABASE_SUPABASE=full` it holds the tables that a Supabase project's SQL refers to. */
  | 'supabase';

export interface StackSchema {
  readonly name: string;
  /**
   * `bootstrap`: it is there before the first migration, whatever it holds, so that a diff does not look into it and a database
   * with it is new.
   */
  readonly madeBy: 'bootstrap' | 'import' | 'migrations';
  readonly traits: readonly SchemaTrait[];
}

/** Where the stack's extensions are: no API serves it, everybody's search path ends with it, and only we write there. */
export const EXTENSIONS_SCHEMA = 'extensions';

/** How far an unfinished import is. */
export const JOURNAL_SCHEMA = 'peakstone_import';

/** Atlas' name of both the table and the schema that it is in by default. */
export const ATLAS_HISTORY = 'atlas_schema_revisions';

/** Of the Supabase CLI's history, and of Hasura's catalog, which holds one. */
export const SUPABASE_HISTORY_SCHEMA = 'supabase_migrations';
export const HASURA_SCHEMA = 'hdb_catalog';

export const STACK_SCHEMAS: readonly StackSchema[] = [
  {
    name: 'auth',
    madeBy: 'bootstrap',
    traits: ['reserved', 'watched', 'nobodysWork', 'closed', 'shared', 'supabase'],
  },
  {
    name: EXTENSIONS_SCHEMA,
    madeBy: 'bootstrap',
    traits: ['reserved', 'watched', 'nobodysWork', 'closed', 'shared'],
  },
  {
    name: 'peakstone',
    madeBy: 'bootstrap',
    traits: ['reserved', 'nobodysWork', 'notImported', 'closed'],
  },
  {
    name: HASURA_SCHEMA,
    madeBy: 'bootstrap',
    traits: ['reserved', 'watched', 'history', 'notImported', 'closed'],
  },
  { name: 'storage', madeBy: 'bootstrap', traits: ['nobodysWork', 'supabase'] },
  { name: 'cron', madeBy: 'bootstrap', traits: ['nobodysWork', 'notImported', 'closed'] },
  { name: JOURNAL_SCHEMA, madeBy: 'import', traits: ['notImported', 'closed'] },
  { name: SUPABASE_HISTORY_SCHEMA, madeBy: 'migrations', traits: ['history'] },
  { name: ATLAS_HISTORY, madeBy: 'migrations', traits: ['history'] },
];

/** Pure. @example schemasWith('supabase') // ['auth', 'storage'] */
export function schemasWith(trait: SchemaTrait): readonly string[] {
  return STACK_SCHEMAS.filter(({ traits }) => traits.includes(trait)).map(({ name }) => name);
}

/** Pure. */
export function schemasMadeBy(maker: StackSchema['madeBy']): readonly string[] {
  return STACK_SCHEMAS.filter(({ madeBy }) => madeBy === maker).map(({ name }) => name);
}

/**
 * A condition in SQL: a schema is neither PostgreSQL's own nor one that it makes for a session. Pure.
 * @param name how the query calls the schema's name: `n.nspname`
 */
export function isNotPostgres(name: string): string {
  return `${name} !~ '^pg_' and ${name} <> 'information_schema'`;
}
