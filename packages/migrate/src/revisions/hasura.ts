import { HASURA_SCHEMA as schema } from '@peakstone/kernel/inventory';
import { quoteIdentifier, quoteLiteral as text } from '@peakstone/kernel/pg';
import { type Ask, type History, rowsOf } from './history.ts';
import { bareRevision } from './supabase.ts';

const name = 'schema_migrations';
const table = `${schema}.${name}`;

/** In which of its places Hasura's CLI would look: its server's state, or, before a server has been there, a table. */
type Place = 'state' | 'table' | 'none';

/**
 * What Hasura's CLI keeps: in the server's catalog (`hdb_version.cli_state`), by database; where no Hasura has run yet, in
 * the table of its earlier versions, from which the CLI takes it over.
 * @param database as metadata name it, which is the name of the folder
 */
export function hasuraHistory(database: string): History {
  let place: Place = 'table';
  return {
    table,
    schema,
    name,
    keepsParts: false,

    async read(ask) {
      place = await placeOf(ask);
      if (place === 'none') return null;
      const inTable = (await hasTable(ask)) ? `select version::text, dirty from ${table}` : '';
      const inState = `select e.key, e.value::bool from ${schema}.hdb_version, jsonb_each_text(coalesce(cli_state operator(pg_catalog.->) 'migrations' operator(pg_catalog.->) ${text(database)}, '{}')) e`;
      const sources = place === 'state' ? [inState, inTable] : [inTable];
      const rows = await rowsOf(ask, sources.filter(source => source !== '').join(' union '));
      return rows
        .map(([version]) => bareRevision(version!, '', 0))
        .sort((a, b) => (BigInt(a.version) < BigInt(b.version) ? -1 : 1));
    },

    async prepare(ask) {
      place = await placeOf(ask);
      if (place !== 'none') return;
      for (const statement of makeTable) await ask(statement);
      place = 'table';
    },

    write({ version }) {
      if (place === 'state')
        return changeState(
          `operator(pg_catalog.||) ${text(JSON.stringify({ [version]: false }))}::pg_catalog.jsonb`,
        );
      return `insert into ${table} (version, dirty) values (${BigInt(version)}, false)
        on conflict (version) do update set dirty = excluded.dirty`;
    },

    remove(version) {
      if (place === 'state') return changeState(`operator(pg_catalog.-) ${text(version)}`);
      return `delete from ${table} where version operator(pg_catalog.=) ${BigInt(version)}`;
    },
  };

  /** `change` is what is done to the versions of this database. */
  function changeState(change: string): string {
    const path = (...keys: readonly string[]): string =>
      keys.map(key => `operator(pg_catalog.->) ${text(key)}`).join(' ');
    const all = `coalesce(cli_state ${path('migrations')}, '{}')`;
    const versions = `(coalesce(cli_state ${path('migrations', database)}, '{}') ${change})`;
    return `update ${schema}.hdb_version set cli_state = cli_state
      operator(pg_catalog.||) pg_catalog.jsonb_build_object('migrations', ${all}
      operator(pg_catalog.||) pg_catalog.jsonb_build_object(${text(database)}, ${versions}))`;
  }
}

const makeTable = [
  // Whoever may not make schemas is not asked to where it is there.
  `do $$ begin if pg_catalog.to_regnamespace('${schema}') is null then create schema ${schema}; end if; end $$`,
  `create table if not exists ${table} (version bigint not null primary key, dirty boolean not null)`,
];

/**
 * What an administrator does where the schema is Hasura's own, so that migrations of another role may be told there. Pure.
 * @param role who migrates
 */
export function hasuraGrants(role: string): string {
  const to = `to ${quoteIdentifier(role)}`;
  return `${makeTable.join('; ')};
grant usage on schema ${schema} ${to}; grant select, insert, update, delete on ${table} ${to};
do $$ begin if pg_catalog.to_regclass('${schema}.hdb_version') is not null then
  grant select, update on ${schema}.hdb_version ${to}; end if; end $$`;
}

async function placeOf(ask: Ask): Promise<Place> {
  const [state] = await rowsOf(
    ask,
    `select from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass('${schema}.hdb_version') and attname = 'cli_state'`,
  );
  if (state) {
    const [row] = await rowsOf(ask, `select from ${schema}.hdb_version limit 1`);
    if (row) return 'state';
  }
  return (await hasTable(ask)) ? 'table' : 'none';
}

async function hasTable(ask: Ask): Promise<boolean> {
  const [[found] = []] = await rowsOf(ask, `select pg_catalog.to_regclass('${table}')`);
  return found !== null;
}
