import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { authStatements } from './auth.ts';
import { planMemberships, planRoles, type RoleSpec } from './model.ts';
import { watchStatements } from './watch.ts';

/** One thing that the bootstrap makes so, said in words, and the statements for it. Every statement may be repeated. */
export interface Step {
  readonly name: string;
  readonly statements: readonly string[];
}

export interface StepOptions {
  readonly database: string;
  readonly schemas: readonly string[];
  readonly supabase: boolean;
  /** Extensions to make, of those that the server has. */
  readonly extensions: readonly string[];
  /** Schemas whose existing tables get the grants. */
  readonly grantExisting: readonly string[];
  /** Only a superuser makes event triggers and roles that pass row security. */
  readonly isSuperuser: boolean;
}

const READERS = ['web_anon', 'read_only'] as const;
const WRITERS = ['app_user', 'hasura'] as const;

/** The whole bootstrap, in order. Pure; passwords are not among it. */
export function planSteps(options: StepOptions): readonly Step[] {
  const { database, schemas, supabase } = options;
  const list = (roles: readonly string[]) => roles.map(id).join(', ');
  return [
    ...planRoles(supabase).flatMap(role => [
      { name: `role ${role.name}`, statements: [roleStatement(role, options)] },
      ...(role.bypassRls ? [bypassStep(role)] : []),
    ]),
    // Without superuser, giving a schema to a role needs membership in it; making the role gave the right to that.
    ...(options.isSuperuser
      ? []
      : [
          {
            name: 'membership in db_migrator',
            statements: ['grant "db_migrator" to current_user with inherit true, set true'],
          },
        ]),
    ...planMemberships(supabase).map(({ role, member, inherit, set }) => ({
      name: `${member} as member of ${role}`,
      statements: [
        `do $$ begin
  if not exists (select from pg_auth_members m
    where m.roleid = ${literal(role)}::regrole and m.member = ${literal(member)}::regrole
      and m.inherit_option = ${inherit} and m.set_option = ${set} and not m.admin_option) then
    grant ${id(role)} to ${id(member)} with admin false, inherit ${inherit}, set ${set};
  end if;
end $$`,
      ],
    })),
    {
      name: `privileges on database ${database}`,
      statements: [
        `grant connect on database ${id(database)} to ${list(['db_authenticator', 'hasura', 'db_migrator', 'read_only'])}`,
        // Migrations make schemas, and extensions that are marked as trusted.
        `grant create, temporary on database ${id(database)} to "db_migrator"`,
      ],
    },
    ...schemas.map(schema => ({
      name: `schema ${schema}`,
      statements: [
        `create schema if not exists ${id(schema)}`,
        `do $$ begin
  if (select nspowner <> 'db_migrator'::regrole from pg_namespace where nspname = ${literal(schema)}) then
    alter schema ${id(schema)} owner to "db_migrator";
  end if;
end $$`,
        `revoke create on schema ${id(schema)} from public`,
        `grant usage on schema ${id(schema)} to ${list([...READERS, ...WRITERS])}`,
      ],
    })),
    ...schemas.map(schema => ({
      name: `default privileges in ${schema}`,
      statements: defaultPrivileges(schema),
    })),
    ...options.grantExisting.map(schema => ({
      name: `privileges on what ${schema} holds`,
      statements: [
        `grant select on all tables in schema ${id(schema)} to ${list(READERS)}`,
        `grant select, insert, update, delete on all tables in schema ${id(schema)} to ${list(WRITERS)}`,
        `grant usage, select on all sequences in schema ${id(schema)} to ${list(WRITERS)}`,
      ],
    })),
    {
      name: "schema hdb_catalog for Hasura's metadata",
      statements: [
        // Made for it, so that it needs no right to make schemas.
        'create schema if not exists "hdb_catalog"',
        ...(options.isSuperuser
          ? ['alter schema "hdb_catalog" owner to "hasura"']
          : ['grant all on schema "hdb_catalog" to "hasura"']),
      ],
    },
    { name: 'schema auth', statements: authStatements() },
    ...options.extensions.map(name => ({
      name: `extension ${name}`,
      statements: [
        `create extension if not exists ${id(name)}${name === 'pg_cron' ? '' : ' schema public'}`,
        ...(ADMINISTRATIVE[name] ? [hideExtension(name, ADMINISTRATIVE[name])] : []),
      ],
    })),
    ...(options.isSuperuser ? [{ name: 'schema reload on DDL', statements: watchStatements() }] : []),
  ];
}

function roleStatement(role: RoleSpec, options: StepOptions): string {
  const login = role.login ? 'login' : 'nologin';
  const inherit = role.inherit ? 'inherit' : 'noinherit';
  // Given in a step of its own, which more logins are refused than the role itself.
  const bypass = role.bypassRls ? '' : 'nobypassrls';
  const reset = options.isSuperuser ? `nosuperuser noreplication ${bypass}` : '';
  // Looked at first: roles belong to the whole cluster, and an update of what is right already would collide
  // with another database's bootstrap.
  return `do $$ begin
  if not exists (select from pg_roles where rolname = ${literal(role.name)}) then
    create role ${id(role.name)} ${login} ${inherit} nocreatedb nocreaterole;
  elsif not exists (select from pg_roles where rolname = ${literal(role.name)}
      and rolcanlogin = ${role.login} and rolinherit = ${role.inherit} and (${role.bypassRls} or not rolbypassrls)
      and not rolsuper and not rolcreatedb and not rolcreaterole and not rolreplication) then
    alter role ${id(role.name)} ${login} ${inherit} nocreatedb nocreaterole ${reset};
  end if;
end $$`;
}

function bypassStep({ name }: RoleSpec): Step {
  const statement = `do $$ begin
  if exists (select from pg_roles where rolname = ${literal(name)} and not rolbypassrls) then
    alter role ${id(name)} bypassrls;
  end if;
end $$`;
  return { name: `${name} passing row security`, statements: [statement] };
}

/** Extensions for those who run the database, and who besides the superuser that is. */
const ADMINISTRATIVE: Readonly<Record<string, readonly string[]>> = {
  pg_stat_statements: [],
  hypopg: ['db_migrator'],
};

/**
 * An extension's views and functions are made for PUBLIC, and every API over this schema would serve them: to visitors
 * the statements of all others, who have the same role, or memory of the backend to fill with indexes that are none.
 */
function hideExtension(name: string, users: readonly string[]): string {
  const roles = [...READERS, ...WRITERS].map(id).join(', ');
  const grant =
    users.length === 0 ? '' : `execute format('grant all on %s to ${users.map(id).join(', ')}', part);`;
  return `do $$ declare part text; begin
  for part in
    select case d.classid when 'pg_class'::regclass then 'table ' || d.objid::regclass else 'function ' || d.objid::regprocedure end
    from pg_depend d join pg_extension e on e.oid = d.refobjid
    where e.extname = ${literal(name)} and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      and d.classid in ('pg_class'::regclass, 'pg_proc'::regclass)
  loop
    execute format('revoke all on %s from public, ${roles}', part);
    ${grant}
  end loop;
end $$`;
}

function defaultPrivileges(schema: string): string[] {
  const list = (roles: readonly string[]) => roles.map(id).join(', ');
  const alter = `alter default privileges for role "db_migrator" in schema ${id(schema)}`;
  return [
    `${alter} grant select on tables to ${list(READERS)}`,
    `${alter} grant select, insert, update, delete on tables to ${list(WRITERS)}`,
    `${alter} grant usage, select on sequences to ${list(WRITERS)}`,
  ];
}
