/** Schemas and what may be done in them, by privileges that exist and by those of what is made later. */
import { rolesWhere } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { block, isTrusted } from './sql.ts';

export const READERS = rolesWhere(({ rows }) => rows === 'read');
export const WRITERS = rolesWhere(({ rows }) => rows === 'write');
const CLIENTS = rolesWhere(({ connects }) => connects);

const list = (roles: readonly string[]) => roles.map(id).join(', ');

/** Functions that make large objects, which everybody may call at first, and whose objects nobody sees or clears away. */
const LARGE_OBJECT_MAKERS = ['lo_creat(integer)', 'lo_create(oid)', 'lo_from_bytea(oid, bytea)'];

/** Who may connect, and what PUBLIC may leave behind in the database: nothing. */
export function databaseStatements(database: string): string[] {
  const makers = LARGE_OBJECT_MAKERS.map(name => `pg_catalog.${name}`).join(', ');
  return [
    `grant connect on database ${id(database)} to ${list(CLIENTS)}`,
    `revoke temporary on database ${id(database)} from public`,
    // Migrations make schemas, and extensions that are marked as trusted.
    `grant create, temporary on database ${id(database)} to "db_migrator"`,
    `revoke execute on function ${makers} from public`,
    `grant execute on function ${makers} to "db_migrator"`,
  ];
}

/** A schema of the application. */
export function schemaStatements(schema: string): string[] {
  return [
    `create schema if not exists ${id(schema)}`,
    block(`
  if (select nspowner <> 'db_migrator'::regrole from pg_namespace where nspname = ${literal(schema)}) then
    alter schema ${id(schema)} owner to "db_migrator";
  end if;`),
    `revoke create on schema ${id(schema)} from public`,
    `grant usage on schema ${id(schema)} to ${list([...READERS, ...WRITERS])}`,
  ];
}

/**
 * A schema of our own, in which others may call what we make but not put anything: one that somebody of less power had
 * made first gets another name, or, where it holds what we go on using, our ownership.
 */
export function ownSchemaStatements(schema: string, found: 'set aside' | 'take over'): string[] {
  const others = `pg_namespace where nspname = ${literal(schema)} and not ${isTrusted('nspowner')}`;
  const claim =
    found === 'take over'
      ? `alter schema ${id(schema)} owner to current_user;`
      : `execute format('alter schema ${id(schema)} rename to %I', ${literal(`${schema}_found_`)} || (select oid from ${others}));`;
  return [
    block(`\n  if exists (select from ${others}) then\n    ${claim}\n  end if;`),
    `create schema if not exists ${id(schema)}`,
    block(
      `
  for grantee in
    select distinct g.grantee from pg_namespace n, aclexplode(n.nspacl) g
    where n.nspname = ${literal(schema)} and g.privilege_type = 'CREATE' and not ${isTrusted('g.grantee')}
  loop
    execute format('revoke create on schema ${id(schema)} from %s cascade', case grantee when 0 then 'public' else grantee::regrole::text end);
  end loop;`,
      'grantee oid;',
    ),
  ];
}

/**
 * What is made later: by db_migrator, and by whoever runs this, which is the superuser, whose `peakstone sql --superuser`
 * makes tables as well.
 */
export function defaultPrivileges(schema: string): string[] {
  const makers = ['for role "db_migrator"', ''];
  return makers.flatMap(maker => {
    const alter = `alter default privileges ${maker} in schema ${id(schema)}`;
    return [
      `${alter} grant select on tables to ${list(READERS)}`,
      `${alter} grant select, insert, update, delete on tables to ${list(WRITERS)}`,
      `${alter} grant usage, select on sequences to ${list(WRITERS)}`,
    ];
  });
}

export function existingPrivileges(schema: string): string[] {
  return [
    `grant select on all tables in schema ${id(schema)} to ${list(READERS)}`,
    `grant select, insert, update, delete on all tables in schema ${id(schema)} to ${list(WRITERS)}`,
    `grant usage, select on all sequences in schema ${id(schema)} to ${list(WRITERS)}`,
  ];
}
