/** Which extensions are the stack's own: its start makes them, and moves them, where the server has them. */

export interface StackExtension {
  readonly name: string;
  /** Refuses to be made, or to work, unless the server loaded its library at its start. */
  readonly needsPreload?: true;
  /** The only schema that it can be made in. */
  readonly fixedSchema?: string;
  /** It is for those who run the database: closed to everybody but the superuser and these roles. */
  readonly onlyFor?: readonly string[];
  /** A Supabase project's SQL makes it, and db_migrator could not. */
  readonly supabaseOnly?: true;
}

/** Those of the original stack, and what SQL of others takes for granted; made where the server has them. */
export const STACK_EXTENSIONS: readonly StackExtension[] = [
  { name: 'pg_stat_statements', needsPreload: true, onlyFor: [] },
  { name: 'pgaudit', needsPreload: true },
  { name: 'pg_cron', needsPreload: true, fixedSchema: 'pg_catalog' },
  { name: 'pgcrypto' },
  { name: 'pg_trgm' },
  { name: 'btree_gin' },
  { name: 'btree_gist' },
  { name: 'citext' },
  { name: 'unaccent' },
  { name: 'hypopg', onlyFor: ['db_migrator'] },
  { name: 'uuid-ossp' },
  // Triggers on a table of one's own, which PostgreSQL does not mark as trusted.
  { name: 'moddatetime', supabaseOnly: true },
  { name: 'insert_username', supabaseOnly: true },
  { name: 'autoinc', supabaseOnly: true },
];
