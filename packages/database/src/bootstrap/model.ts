/** What the bootstrap makes, as data. Names are the original stack's and part of its contract. */

/** A role's attributes; all others are off: none may create roles or databases, replicate, or is a superuser. */
export interface RoleSpec {
  readonly name: string;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly bypassRls: boolean;
}

export type LoginRole = 'db_authenticator' | 'hasura' | 'db_migrator';

export interface BootstrapOptions {
  readonly database: string;
  /** Application schemas, owned by db_migrator. */
  readonly schemas: readonly string[];
  readonly passwords: Readonly<Record<LoginRole, string>>;
  /** The superuser and its password, on a server of our own. */
  readonly superuser?: { readonly name: string; readonly password: string };
  /** Lets requests take the roles anon, authenticated and service_role, and lets service_role pass row security. */
  readonly supabase: boolean;
  /** Grant on existing tables again, as after a restore with --no-privileges. Otherwise only when a schema is new to us. */
  readonly regrant?: boolean;
}

export const DEFAULT_SCHEMAS = [
  'public',
  'common',
  'people',
  'pipeline',
  'activities',
  'leads',
  'docs',
] as const;

/** Extensions of the original stack, made where the server has them. */
export const EXTENSIONS = [
  'pg_stat_statements',
  'pgaudit',
  'pg_cron',
  'pgcrypto',
  'pg_trgm',
  'btree_gin',
  'btree_gist',
  'citext',
  'unaccent',
  'hypopg',
] as const;

/** Those that refuse to be made, or to work, unless the server loaded their library at its start. */
export const NEED_PRELOAD: readonly string[] = ['pg_stat_statements', 'pgaudit', 'pg_cron'];

export function planRoles(supabase: boolean): readonly RoleSpec[] {
  const group = (name: string): RoleSpec => ({ name, login: false, inherit: true, bypassRls: false });
  const account = (name: LoginRole, inherit: boolean): RoleSpec => ({
    name,
    login: true,
    inherit,
    bypassRls: false,
  });
  return [
    group('web_anon'),
    group('app_user'),
    group('read_only'),
    group('anon'),
    group('authenticated'),
    { ...group('service_role'), bypassRls: supabase },
    // It has nothing of its own: every request takes on another role.
    account('db_authenticator', false),
    account('hasura', true),
    account('db_migrator', true),
  ];
}

/** Who belongs to whom. `set`: may take on the role; `inherit`: has its privileges without. */
export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly inherit: boolean;
  readonly set: boolean;
}

export function planMemberships(supabase: boolean): readonly Membership[] {
  const takes = (role: string): Membership => ({
    role,
    member: 'db_authenticator',
    inherit: false,
    set: true,
  });
  const has = (role: string, member: string): Membership => ({ role, member, inherit: true, set: false });
  const always = [takes('web_anon'), takes('app_user')];
  if (!supabase) return always;
  return [
    ...always,
    takes('anon'),
    takes('authenticated'),
    takes('service_role'),
    has('web_anon', 'anon'),
    has('app_user', 'authenticated'),
    has('app_user', 'service_role'),
  ];
}
