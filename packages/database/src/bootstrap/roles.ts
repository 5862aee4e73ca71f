/** Roles: their attributes, who belongs to whom, and their settings. */
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { Membership, RoleSpec } from './model.ts';
import { block } from './sql.ts';

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
  const reset = isSuperuser ? `nosuperuser noreplication ${bypass}` : '';
  return block(`
  if not exists (select from pg_roles where rolname = ${literal(role.name)}) then
    create role ${id(role.name)} ${login} ${inherit} nocreatedb nocreaterole;
  elsif not exists (select from pg_roles where rolname = ${literal(role.name)}
      and rolcanlogin = ${role.login} and rolinherit = ${role.inherit} and (${role.bypassRls} or not rolbypassrls)
      and not rolsuper and not rolcreatedb and not rolcreaterole and not rolreplication) then
    alter role ${id(role.name)} ${login} ${inherit} nocreatedb nocreaterole ${reset};
  end if;`);
}

export function bypassStatement({ name }: RoleSpec): string {
  return block(`
  if exists (select from pg_roles where rolname = ${literal(name)} and not rolbypassrls) then
    alter role ${id(name)} bypassrls;
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

/**
 * Gives a role these settings and takes off all others, in every database: a role may set its own, and so may any
 * function that a request under it calls, to outlast the request (`search_path`, `statement_timeout`, `pgrst.*`).
 */
export function settingsStatement(role: string, settings: Readonly<Record<string, string>>): string {
  const wanted = Object.entries(settings);
  const stored = wanted.map(([name, value]) => literal(`${name}=${value}`)).join(', ');
  const set = wanted.map(([name, value]) => `alter role ${id(role)} set ${id(name)} to ${literal(value)};`);
  return block(
    `
  for found in
    select d.datname, s.setconfig from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase
    where s.setrole = ${literal(role)}::regrole
  loop
    foreach setting in array found.setconfig loop
      if found.datname is not null or setting <> all (wanted) then
        raise notice using errcode = '${SETTING_TAKEN_OFF}', message = ${literal(role)} || ' ' ||
          -- What an application keeps in a setting of its own may be secret.
          case when split_part(setting, '=', 1) like '%.%' then split_part(setting, '=', 1) else setting end;
      end if;
    end loop;
    if found.datname is not null then
      execute format('alter role ${id(role).replaceAll('%', '%%')} in database %I reset all', found.datname);
    else
      stored := found.setconfig;
    end if;
  end loop;
  if not (stored <@ wanted and wanted <@ stored) then
    alter role ${id(role)} reset all;
    ${set.join('\n    ')}
  end if;`,
    `found record; setting text; stored text[] := '{}'; wanted text[] := array[${stored}]::text[];`,
  );
}
