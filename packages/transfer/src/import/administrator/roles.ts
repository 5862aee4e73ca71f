/**
 * What the administrator says of roles because a dump does. The server itself is asked, in the statement that acts, whether
 * they are what the decision took them for: meanwhile they can have become something else. Pure.
 */
import { ACCOUNTS, JOURNAL_SCHEMA, rolesWhere } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { RoleAttributes } from './act.ts';
import { block, refuse } from './block.ts';

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

/** Of whom nothing is left that it owns or may. */
export function dropMadeRole(name: string): string {
  return block(`
  ${assertMade(name)}
  drop role if exists ${id(name)};`);
}

export function alterMadeRole(
  name: string,
  { login, inherit, connectionLimit, verifier }: RoleAttributes,
): string {
  const attributes = [
    login ? 'login' : 'nologin',
    inherit ? 'inherit' : 'noinherit',
    ...(connectionLimit === null ? [] : [`connection limit ${connectionLimit}`]),
    ...(verifier === null ? [] : [`password ${literal(verifier)}`]),
  ].join(' ');
  return block(`
  ${assertMade(name)}
  ${assertPowerless(name)}
  alter role ${id(name)} ${attributes};`);
}

export function grantRole(role: string, member: string, inherits: boolean): string {
  return block(`
  ${FIXED.includes(role) ? '' : assertMade(role)}
  ${FIXED.includes(member) ? '' : assertMade(member)}
  ${assertPowerless(role)}
  grant ${id(role)} to ${id(member)} with inherit ${inherits};`);
}

/** Of a schema of the stack's that is still the administrator's. */
export function grantUse(schema: string, role: string): string {
  return block(`
  ${assertMade(role)}
  if not exists (select from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid = n.nspowner
      where n.nspname = ${literal(schema)} and (r.rolsuper or r.rolname = current_user)) then
    ${refuse(`schema ${schema} is not the administrator’s`)}
  end if;
  grant usage on schema ${id(schema)} to ${id(role)};`);
}

/** The stack’s, which the bootstrap made. Which of them may be named is the rule’s to say. */
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
