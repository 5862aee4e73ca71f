/** What a Supabase project's database holds that is the platform's, as data. */

/** Why something of a dump is left out, and what to do about it. */
export interface Reason {
  readonly why: string;
  readonly remedy?: string;
}

export interface PlatformSchema {
  readonly name: string;
  /** Why an import takes nothing of it; absent where it takes what is the project's. */
  readonly left?: Reason;
}

export const PLATFORM_SCHEMAS: readonly PlatformSchema[] = [
  { name: 'extensions', left: { why: 'a helper of Supabase’s platform, which the stack does not need' } },
  {
    name: 'pgbouncer',
    left: { why: 'the login query of Supabase’s pooler; the stack’s pooler has its own' },
  },
  { name: 'graphql', left: { why: 'belongs to pg_graphql, which is not part of this server' } },
  { name: 'graphql_public', left: { why: 'the entry to pg_graphql, which is not part of this server' } },
  {
    name: 'vault',
    left: {
      why: 'Vault’s values are encrypted with a key that no dump holds',
      remedy: 'Read them in the live project: select name, decrypted_secret from vault.decrypted_secrets',
    },
  },
  { name: 'pgsodium', left: { why: 'belongs to pgsodium, whose key no dump holds' } },
  { name: 'pgsodium_masks', left: { why: 'belongs to pgsodium, whose key no dump holds' } },
  { name: 'pgtle', left: { why: 'belongs to pg_tle, which is not part of this server' } },
  { name: 'net', left: { why: 'belongs to pg_net, which is not part of this server' } },
  { name: '_analytics', left: { why: 'Supabase’s own logs' } },
  { name: '_realtime', left: { why: 'settings of Supabase’s Realtime server' } },
  { name: '_supavisor', left: { why: 'settings of Supabase’s pooler' } },
  { name: 'realtime' },
  { name: 'supabase_functions' },
  { name: 'pgmq' },
];

export interface PlatformRole {
  readonly name: string;
  /**
   * Whom a dump means by it, here. `migrator`: it owns what a project makes, and here the migrator does, as the
   * administrator's functions would be the administrator's acts. `authenticator`: the APIs' login. `nobody`: a service of
   * the platform's, or one of its people, which nothing here logs in as.
   */
  readonly is: 'migrator' | 'authenticator' | 'nobody';
  /** SQL gives things to it; with `DATABASE_SUPABASE=full` there is one that logs in nowhere and may do nothing by itself. */
  readonly isNamed?: true;
}

export const PLATFORM_ROLES: readonly PlatformRole[] = [
  { name: 'postgres', is: 'migrator' },
  { name: 'supabase_admin', is: 'migrator', isNamed: true },
  { name: 'supabase_auth_admin', is: 'migrator', isNamed: true },
  { name: 'supabase_storage_admin', is: 'migrator', isNamed: true },
  { name: 'supabase_functions_admin', is: 'migrator' },
  { name: 'supabase_realtime_admin', is: 'migrator' },
  { name: 'supabase_privileged_role', is: 'migrator' },
  { name: 'supabase_etl_admin', is: 'migrator' },
  { name: 'authenticator', is: 'authenticator', isNamed: true },
  { name: 'dashboard_user', is: 'nobody', isNamed: true },
  { name: 'pgbouncer', is: 'nobody' },
  { name: 'pgsodium_keyholder', is: 'nobody' },
  { name: 'pgsodium_keyiduser', is: 'nobody' },
  { name: 'pgsodium_keymaker', is: 'nobody' },
  { name: 'pgtle_admin', is: 'nobody' },
  { name: 'supabase_read_only_user', is: 'nobody' },
  { name: 'supabase_replication_admin', is: 'nobody' },
  { name: 'cli_login_postgres', is: 'nobody' },
];
