/** What a Supabase project's database holds that is the platform's, as data: what of it the stack has in its place. */

/** Roles that own what a project makes; here db_migrator does, as the administrator's functions would be the administrator's acts. */
export const OWNERS: readonly string[] = [
  'postgres',
  'supabase_admin',
  'supabase_auth_admin',
  'supabase_storage_admin',
  'supabase_functions_admin',
  'supabase_realtime_admin',
  'supabase_privileged_role',
  'supabase_etl_admin',
];

/** Roles of the platform's services and people, which nothing here logs in as. */
export const SERVICE_ROLES: readonly string[] = [
  'dashboard_user',
  'pgbouncer',
  'pgsodium_keyholder',
  'pgsodium_keyiduser',
  'pgsodium_keymaker',
  'pgtle_admin',
  'supabase_read_only_user',
  'supabase_replication_admin',
  'cli_login_postgres',
];

/** Roles of requests, which the stack has under the same names. */
export const REQUEST_ROLES: readonly string[] = ['anon', 'authenticated', 'service_role'];

/** Schemas whose content is left out, and why. */
export const LEFT_SCHEMAS: Readonly<Record<string, { readonly why: string; readonly remedy?: string }>> = {
  extensions: { why: 'a helper of Supabase’s platform, which the stack does not need' },
  pgbouncer: { why: 'the login query of Supabase’s pooler; the stack’s pooler has its own' },
  graphql: { why: 'belongs to pg_graphql, which is not part of this server' },
  graphql_public: { why: 'the entry to pg_graphql, which is not part of this server' },
  vault: {
    why: 'Vault’s values are encrypted with a key that no dump holds',
    remedy: 'Read them in the live project: select name, decrypted_secret from vault.decrypted_secrets',
  },
  pgsodium: { why: 'belongs to pgsodium, whose key no dump holds' },
  pgsodium_masks: { why: 'belongs to pgsodium, whose key no dump holds' },
  pgtle: { why: 'belongs to pg_tle, which is not part of this server' },
  net: { why: 'belongs to pg_net, which is not part of this server' },
  _analytics: { why: 'Supabase’s own logs' },
  _realtime: { why: 'settings of Supabase’s Realtime server' },
  _supavisor: { why: 'settings of Supabase’s pooler' },
};

/** Functions that policies ask who is there; the stack's own answer for REST and GraphQL alike. */
export const AUTH_FUNCTIONS: readonly string[] = ['uid', 'role', 'email', 'jwt'];

/** Tables that `DATABASE_SUPABASE=full` makes so that SQL can refer to them; empty ones make way for the dump's own. */
export const SKELETON: readonly string[] = [
  'auth.mfa_factors',
  'auth.sessions',
  'auth.identities',
  'auth.users',
  'storage.objects',
  'storage.buckets',
];

/** Calls out to a web address, by pg_net. */
export const WEBHOOK = { schema: 'supabase_functions', name: 'http_request' } as const;

interface Absent {
  /** Types whose text form a column of type text can keep. */
  readonly types?: readonly string[];
  /** Access methods of indexes. */
  readonly methods?: readonly string[];
}

/** What goes with an extension that a server lacks. */
export const ABSENT: Readonly<Record<string, Absent>> = {
  vector: { types: ['vector', 'halfvec', 'sparsevec'], methods: ['hnsw', 'ivfflat'] },
  postgis: { types: ['geometry', 'geography', 'box2d', 'box3d'] },
  postgis_raster: { types: ['raster'] },
  hstore: { types: ['hstore'] },
  ltree: { types: ['ltree', 'lquery', 'ltxtquery'] },
  citext: { types: ['citext'] },
  isn: { types: ['isbn', 'isbn13', 'issn', 'ean13', 'upc'] },
  rum: { methods: ['rum'] },
  pgroonga: { methods: ['pgroonga'] },
};
