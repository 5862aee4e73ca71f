/**
 * What the administrator says of roles because a dump does. The server itself is asked, in the statement that acts, whether
 * they are what the decision took them for: meanwhile they can have become something else. Pure.
 */
import { ACCOUNTS, JOURNAL_SCHEMA, rolesWhere } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';

/** Made by this import, which remembers it; one of that name that it did not make is left alone. */
export function makeRole(name: string, owner: string): string {
  return block(`
  if not exists (select from pg_catalog.pg_roles where rolname = ${literal(name)}) then
    create role ${id(name)};
    insert into ${JOURNAL_SCHEMA}.role select oid from pg_catalog.pg_roles where rolname = ${literal(name)};
  end if;
  ${assertMade(name)}
  ${assertPowerless(name)}
  grant ${id(name)} to ${id(owner)} with inherit true, set true;`);
}

export function alterMadeRole(name: string, attributes: string): string {
  return block(`
  ${assertMade(name)}
  ${assertPowerless(name)}
  alter role ${id(name)} ${attributes};`);
}

export function grantRole(role: string, member: string, inherits: string): string {
  return block(`
  ${FIXED.includes(role) ? '' : assertMade(role)}
  ${FIXED.includes(member) ? '' : assertMade(member)}
  ${assertPowerless(role)}
  grant ${id(role)} to ${id(member)} with inherit ${inherits};`);
}

/** The stack’s, which the bootstrap made. Which of them may be named is the decision’s to say. */
const FIXED = rolesWhere(() => true);

function assertMade(name: string): string {
  return `if exists (select from pg_catalog.pg_roles r where r.rolname = ${literal(name)} and r.oid not in (select oid from ${JOURNAL_SCHEMA}.role)) then
    ${refuse(`role ${name} was not made by this import`)}
  end if;`;
}

/** Neither it nor any that it can become, or has the privileges of. */
function assertPowerless(name: string): string {
  return `if exists (select from pg_catalog.pg_roles r, pg_catalog.pg_roles p where r.rolname = ${literal(name)}
    and pg_catalog.pg_has_role(r.oid, p.oid, 'member')
    and (p.rolsuper or p.rolcreaterole or p.rolreplication or p.rolbypassrls or p.rolname ~ '^pg_' or p.rolname in (${LOGINS}))) then
    ${refuse(`role ${name} has power over the server or is the stack’s`)}
  end if;`;
}

const LOGINS = ACCOUNTS.map(({ name }) => literal(name)).join(', ');

function refuse(message: string): string {
  return `raise exception using errcode = '42501', message = ${literal(message)}, hint = 'Where it shall be so all the same: peakstone sql --superuser';`;
}

function block(body: string): string {
  return `do ${literal(`begin${body}\nend`)}`;
}
