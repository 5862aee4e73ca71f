/** What the bootstrap makes, as data. Names are the original stack's and part of its contract. */
import {
  type LoginRole,
  PLATFORM_ROLES,
  rolesWhere,
  STACK_EXTENSIONS,
  STACK_ROLES,
  type StackExtension,
  type StackRole,
  SUPABASE_REQUEST_ROLES,
} from '@peakstone/kernel/inventory';

/** A role's attributes; all others are off: none may create roles or databases, or is a superuser. */
export interface RoleSpec {
  readonly name: string;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly bypassRls: boolean;
  /** Reads the server's files and WAL, which is all that is in it: of backups alone. */
  readonly replication: boolean;
}

/** One thing that the bootstrap makes so, said in words, and the statements for it. Every statement may be repeated. */
export interface Step {
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * How far the database looks like Supabase's. `roles`: requests may take the roles anon, authenticated and service_role,
 * and service_role passes row security. `full`: also its other roles' names, `auth.users`, schema `storage`, and anon's
 * grants on `public`, so that a Supabase project's SQL runs.
 */
export type SupabaseMode = 'off' | 'roles' | 'full';

/** By role, then by setting: the value as ALTER ROLE takes it. */
export type RoleSettings = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface BootstrapOptions {
  readonly database: string;
  /**
   * Application schemas, owned by db_migrator. Undefined: those that the database has had so far, of the original stack's
   * where it was not ours, and `public`.
   */
  readonly schemas?: readonly string[] | undefined;
  /**
   * Keep the schemas where a REST API of another machine finds them: as `pgrst.db_schemas` of db_authenticator, which
   * PostgREST and ours read at their start. A superuser alone may.
   * @see https://docs.postgrest.org/en/stable/references/configuration.html#in-database-configuration
   */
  readonly announceSchemas?: boolean;
  /** An empty one is not set: the account lets nobody in then, or has the one that it had. */
  readonly passwords: Readonly<Record<LoginRole, string>>;
  /** The superuser and its password, on a server of our own. */
  readonly superuser?: { readonly name: string; readonly password: string };
  readonly supabase: SupabaseMode;
  /** Settings of roles, by role and name: all that these roles have, whatever ALTER ROLE … SET left on them. */
  readonly roleSettings: RoleSettings;
  /** Grant on existing tables again, as after a restore with --no-privileges. Otherwise only when a schema is new to us. */
  readonly regrant?: boolean;
}

/** Those of the original stack, for what it made and for who asks for them. */
export const ORIGINAL_SCHEMAS: readonly string[] = [
  'public',
  'common',
  'people',
  'pipeline',
  'activities',
  'leads',
  'docs',
];

export function planExtensions(supabase: SupabaseMode): readonly StackExtension[] {
  return STACK_EXTENSIONS.filter(({ supabaseOnly }) => !supabaseOnly || supabase === 'full');
}

/** Names that a Supabase project's SQL gives things to; they log in nowhere, and may do nothing by themselves. */
export const SUPABASE_OWNERS: readonly string[] = PLATFORM_ROLES.filter(role => role.isNamed).map(
  ({ name }) => name,
);

export function planRoles(supabase: SupabaseMode): readonly RoleSpec[] {
  const groups = STACK_ROLES.filter(({ password }) => password === undefined);
  const accounts = STACK_ROLES.filter(({ password }) => password !== undefined);
  const owners = supabase === 'full' ? SUPABASE_OWNERS.map(name => ({ name })) : [];
  return [...groups, ...owners, ...accounts].map((role: StackRole) => ({
    name: role.name,
    login: role.password !== undefined,
    inherit: !role.isBare,
    bypassRls: (role.asks === 'service' && supabase !== 'off') || role.operates !== undefined,
    replication: role.replicates === true,
  }));
}

/** Who belongs to whom. `set`: may take on the role; `inherit`: has its privileges without. */
export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly inherit: boolean;
  readonly set: boolean;
}

/** What PostgreSQL's own roles are for: a login that is no superuser may not be able to give them. */
const OPERATORS_HAVE = {
  read: ['pg_read_all_data', 'pg_monitor'],
  write: ['pg_read_all_data', 'pg_monitor', 'pg_write_all_data'],
} as const;

export function planMemberships(supabase: SupabaseMode): readonly Membership[] {
  // The logins of the APIs: each request takes on its own role.
  const takes = (role: string): Membership[] =>
    rolesWhere(({ serves }) => serves).map(member => ({ role, member, inherit: false, set: true }));
  const has = (role: string, member: string): Membership => ({ role, member, inherit: true, set: false });
  const always = [
    ...rolesWhere(({ asks, isSupabases }) => asks && !isSupabases).flatMap(takes),
    // To look as it does, without an administrator's session; not by the APIs' login, as a token could name it then.
    { role: 'read_only', member: 'db_migrator', inherit: false, set: true },
    ...STACK_ROLES.flatMap(({ name, operates }) =>
      operates === undefined ? [] : OPERATORS_HAVE[operates].map(role => has(role, name)),
    ),
  ];
  if (supabase === 'off') return always;
  return [
    ...always,
    ...SUPABASE_REQUEST_ROLES.flatMap(takes),
    ...STACK_ROLES.flatMap(role => (role.has === undefined ? [] : [has(role.has, role.name)])),
    ...(supabase === 'full'
      ? [
          // Tests of policies act as these. It owns the tables, so that no row is kept from it anyway.
          ...SUPABASE_REQUEST_ROLES.map(role => ({
            role,
            member: 'db_migrator',
            inherit: false,
            set: true,
          })),
          // Giving something to a role needs membership in it.
          ...SUPABASE_OWNERS.map(role => ({ role, member: 'db_migrator', inherit: true, set: true })),
        ]
      : []),
  ];
}
