/** What an import of a Hasura project does in the database itself. */
import type { HasuraProject, Migration } from '@peakstone/graphql/project';
import { StackError } from '../../project/errors.ts';
import type { ImportNote } from '../importDump.ts';

export const showMigration = ({ version, name }: Migration): string => `${version}_${name}`;

/** The schema that the server keeps metadata in is its login's; a dump of a project brings one that was another's. */
const giveCatalog = `do $give$
  declare
    each record;
  begin
    if pg_catalog.to_regnamespace('hdb_catalog') is null then
      create schema hdb_catalog authorization hasura;
      return;
    end if;
    alter schema hdb_catalog owner to hasura;
    for each in
      select c.oid::pg_catalog.regclass as name from pg_catalog.pg_class c
      where c.relnamespace = pg_catalog.to_regnamespace('hdb_catalog') and c.relkind in ('r', 'p', 'v', 'm')
    loop
      execute pg_catalog.format('alter table %s owner to hasura', each.name);
    end loop;
    for each in
      select p.oid::pg_catalog.regprocedure as name from pg_catalog.pg_proc p
      where p.pronamespace = pg_catalog.to_regnamespace('hdb_catalog')
    loop
      execute pg_catalog.format('alter routine %s owner to hasura', each.name);
    end loop;
  end $give$`;

/** @returns whether the server has to begin anew, as it could keep none until now */
export async function keepMetadata(url: string): Promise<boolean> {
  const { createPrivilegedPool } = await import('@peakstone/kernel/pg');
  const pool = createPrivilegedPool({ url, name: 'peakstone import' });
  try {
    const { rows } = await pool.query(
      "select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'hdb_catalog' and c.relname = 'hdb_version' and pg_catalog.pg_get_userbyid(c.relowner) = 'hasura'",
    );
    if (rows.length > 0) return false;
    await pool.script(giveCatalog);
    return true;
  } finally {
    await pool.close(0);
  }
}

/** Event triggers are the server's, on tables that are db_migrator's. */
export async function letTrigger(
  url: string,
  { sources }: HasuraProject['metadata'],
  main: string | null,
): Promise<ImportNote[]> {
  const tables = sources
    .filter(({ name }) => name === main)
    .flatMap(source => source.tables.filter(({ event_triggers: list = [] }) => list.length > 0))
    .map(({ table }) => (typeof table === 'string' ? { name: table } : table))
    .map(({ schema = 'public', name }) => ({ schema, name }));
  if (tables.length === 0) return [];
  const { createPrivilegedPool, quoteQualified } = await import('@peakstone/kernel/pg');
  const pool = createPrivilegedPool({ url, name: 'peakstone import' });
  try {
    const notes: ImportNote[] = [];
    for (const { schema, name } of tables) {
      const table = quoteQualified(schema, name);
      const { rows } = await pool.query('select pg_catalog.to_regclass($1)', [table]);
      if (rows[0]?.[0] == null) continue;
      await pool.script(`grant trigger on table ${table} to hasura`);
      notes.push({
        kind: 'changed',
        what: 'event triggers',
        name: `${schema}.${name}`,
        why: 'role hasura may make triggers on it, as its event triggers are made by the server',
      });
    }
    return notes;
  } finally {
    await pool.close(0);
  }
}

/** Each in a transaction of its own. @throws {StackError} naming the one that the server refuses */
export async function runMigrations(
  url: string,
  migrations: readonly Migration[],
  onRun: (migration: Migration, at: number) => Promise<void>,
): Promise<void> {
  if (migrations.length === 0) return;
  const { createPool, PgError } = await import('@peakstone/kernel/pg');
  const pool = createPool({ url, size: 1, sharedSize: 0 });
  try {
    for (const [at, migration] of migrations.entries()) {
      try {
        await pool.script(migration.sql);
      } catch (error) {
        if (!(error instanceof PgError)) throw error;
        throw new StackError('config', `Migration ${showMigration(migration)}: ${error.message}.`, {
          hint: 'Those before it have run, and are remembered: mend it, and run the same command again.',
          cause: error,
        });
      }
      await onRun(migration, at);
    }
  } finally {
    await pool.close(0);
  }
}
