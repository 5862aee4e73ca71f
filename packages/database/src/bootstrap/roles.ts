/** Roles: their attributes, who belongs to whom, and their settings. */
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { Membership, RoleSpec } from './model.ts';
import { block, literals } from './sql.ts';

/** SQLSTATE of the notice that names a setting which was taken off a role. */
export const SETTING_TAKEN_OFF = 'PSSET';

/**
 * Makes the role, or puts its attributes right. Looked at first: roles belong to the whole cluster, and an update of what
 * is right already would collide with another database's bootstrap.
 */
export function roleStatement(role: RoleSpec, isSuperuser: boolean): string {
  const login = role.login ? 'login' : 'nologin';
  const inherit = role.inherit ? 'inherit' : 'noinherit';
  // Given in a statement of its own, which more logins are refused than the role itself.
  const bypass = role.bypassRls ? '' : 'nobypassrls';
  const replicate = role.replication ? '' : 'noreplication';
  const reset = isSuperuser ? `nosuperuser ${replicate} ${bypass}` : '';
  return block(`
  if not exists (select from pg_roles where rolname = ${literal(role.name)}) then
    create role ${id(role.name)} ${login} ${inherit} nocreatedb nocreaterole;
  elsif not exists (select from pg_roles where rolname = ${literal(role.name)}
      and rolcanlogin = ${role.login} and rolinherit = ${role.inherit} and (${role.bypassRls} or not rolbypassrls)
      and not rolsuper and not rolcreatedb and not rolcreaterole and (${role.replication} or not rolreplication)) then
    alter role ${id(role.name)} ${login} ${inherit} nocreatedb nocreaterole ${reset};
  end if;`);
}

export function bypassStatement({ name }: RoleSpec): string {
  return block(`
  if exists (select from pg_roles where rolname = ${literal(name)} and not rolbypassrls) then
    alter role ${id(name)} bypassrls;
  end if;`);
}

export function replicationStatement({ name }: RoleSpec): string {
  return block(`
  if exists (select from pg_roles where rolname = ${literal(name)} and not rolreplication) then
    alter role ${id(name)} replication;
  end if;`);
}

export function membershipStatement({ role, member, inherit, set }: Membership): string {
  return block(`
  if not exists (select from pg_auth_members m
    where m.roleid = ${literal(role)}::regrole and m.member = ${literal(member)}::regrole
      and m.inherit_option = ${inherit} and m.set_option = ${set} and not m.admin_option) then
    grant ${id(role)} to ${id(member)} with admin false, inherit ${inherit}, set ${set};
  end if;`);
}

/** PostgreSQL's own roles that reach the server's machine: its files, and programs run as the server's user. */
const SERVER_ROLES = ['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'];

/**
 * Takes off the ways by which a role of ours would come to the server's machine or to another login of ours, by itself or by
 * way of roles that it was made a member of. What others were given is theirs.
 */
export function detourStatement(roles: readonly RoleSpec[]): string {
  const ours = roles.map(({ name }) => name);
  const kept = [...SERVER_ROLES, ...roles.filter(({ login }) => login).map(({ name }) => name)];
  return block(
    `
  for found in
    select format('revoke %s from %s granted by %s cascade', m.roleid::regrole, m.member::regrole, m.grantor::regrole) as statement
    from pg_auth_members m join pg_roles kept on kept.oid = m.roleid
    where kept.rolname in (${literals(kept)})
      and exists (select from pg_roles r where r.rolname in (${literals(ours)}) and pg_has_role(r.oid, m.member, 'member'))
  loop
    execute found.statement;
  end loop;`,
    'found record;',
  );
}

/**
 * Gives a role these settings and takes off all that it could have given itself, in every database: so may any function
 * that a request under it calls, to outlast the request (`search_path`, `statement_timeout` …). What only a superuser may
 * set, such as PostgREST's `pgrst.*`, stays.
 * @param owned Names of those that we alone give.
 */
export function settingsStatement(
  role: string,
  settings: Readonly<Record<string, string>>,
  owned: readonly string[],
): string {
  const names = [...owned, ...Object.keys(settings)].map(name => literal(name));
  const wanted = Object.entries(settings).map(([name, value]) => literal(`${name}=${value}`));
  return block(
    `
  for found in
    select d.datname, setting, split_part(setting, '=', 1) as name
    from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) as setting
    where s.setrole = ${literal(role)}::regrole
  loop
    if found.datname is null and found.setting = any (wanted)
        or found.name <> all (names) and not exists (select from pg_settings p where p.name = found.name
          and (p.context = 'user' or has_parameter_privilege(${literal(role)}, p.name, 'set'))) then
      continue;
    end if;
    raise notice using errcode = '${SETTING_TAKEN_OFF}', message = concat_ws(' ', ${literal(role)}, found.setting);
    execute concat_ws(' ', ${literal(`alter role ${id(role)}`)}, case when found.datname is not null then format('in database %I', found.datname) end,
      format('reset %I', found.name));
  end loop;
${Object.entries(settings)
  .map(
    ([name, value]) => `
  if not exists (select from pg_db_role_setting where setrole = ${literal(role)}::regrole and setdatabase = 0
      and ${literal(`${name}=${value}`)} = any (setconfig)) then
    alter role ${id(role)} set ${id(name)} to ${literal(value)};
  end if;`,
  )
  .join('')}`,
    `found record; names text[] := array[${names.join(', ')}]::text[]; wanted text[] := array[${wanted.join(', ')}]::text[];`,
  );
}
