import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testDatabase } from '@peakstone/testing';
import { type GraphqlInstance, type GraphqlServer, serveDatabase, startGraphql } from '../support/server.ts';

interface Exported {
  readonly resource_version: number;
  readonly metadata: { readonly sources: readonly { readonly tables: readonly unknown[] }[] };
}

const sql = 'create table author (id int primary key, name text); create table article (id int primary key)';

async function exported({ post }: GraphqlInstance): Promise<Exported> {
  return (await post('/v1/metadata', { type: 'export_metadata', version: 2, args: {} })).body as Exported;
}

async function withServer(use: (server: GraphqlServer) => Promise<void>): Promise<void> {
  const server = await startGraphql({ sql }, { HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL: '50' });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

async function withAnother(url: string, use: (another: GraphqlInstance) => Promise<void>): Promise<void> {
  const another = await serveDatabase(url, { HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL: '50' });
  try {
    await use(another);
  } finally {
    await another.stop();
  }
}

/** Settles when the query is answered without an error. */
async function until(server: GraphqlInstance, query: string): Promise<void> {
  while (JSON.stringify(await server.graphql(query)) !== '{"data":{"author":[]}}')
    await new Promise(resolve => setTimeout(resolve, 10));
}

describe('where metadata is kept', () => {
  it('is the table of the reference, and what is tracked is there after the next start', () =>
    withServer(async server => {
      await server.metadata('pg_track_table', { table: 'author' });
      const { rows } = await server.database.pool.query(
        "select metadata->'sources'->0->'tables'->0->'table'->>'name', resource_version, version from hdb_catalog.hdb_metadata, hdb_catalog.hdb_version",
      );
      assert.deepEqual(
        rows[0]!.map(cell => cell!.toString()),
        ['author', '2', '48'],
      );
      await withAnother(server.database.url, async another => {
        assert.deepEqual(await another.graphql('{ author { name } }'), { data: { author: [] } });
      });
    }));

  it('is read again as soon as another instance has changed it, and its databases with it', () =>
    withServer(async server => {
      await withAnother(server.database.url, async another => {
        await server.metadata('pg_track_table', { table: 'author' });
        await until(another, '{ author { name } }');
        await server.metadata('pg_run_sql', { sql: 'alter table author add column born date' });
        await until(another, '{ author { born } }');
      });
    }));

  it('is taken over from the instance of another make as it is', async () => {
    const database = await testDatabase();
    try {
      await database.pool.script(`${sql};
        create schema hdb_catalog;
        create table hdb_catalog.hdb_version (hasura_uuid uuid primary key default gen_random_uuid(), version text not null,
          upgraded_on timestamptz not null, cli_state jsonb not null default '{}', console_state jsonb not null default '{}');
        create unique index on hdb_catalog.hdb_version ((version is not null));
        create table hdb_catalog.hdb_cron_events (id text primary key, trigger_name text, scheduled_time timestamptz, status text);
        create table hdb_catalog.hdb_cron_event_invocation_logs (id text primary key, event_id text);
        create table hdb_catalog.hdb_metadata (id integer primary key, metadata json not null);
        insert into hdb_catalog.hdb_version (version, upgraded_on, cli_state) values ('43', now(), '{"migrations":{"default":{"1":false}}}');
        insert into hdb_catalog.hdb_metadata values (1, '{"version":3,"sources":[{"name":"default","kind":"postgres",
          "tables":[{"table":{"schema":"public","name":"author"},"select_permissions":[{"role":"user","permission":{"columns":["name"],"filter":{}}}]}],
          "configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}]}')`);
      await withAnother(database.url, async server => {
        assert.deepEqual(await server.graphql('{ author { name } }', { role: 'user' }), {
          data: { author: [] },
        });
        const state = (await server.metadata('get_catalog_state', {})) as { cli_state: unknown };
        assert.deepEqual(state.cli_state, { migrations: { default: { 1: false } } });
      });
    } finally {
      await database.drop();
    }
  });

  it('is refused where it is of Hasura 1 or of a later version than is known', async () => {
    const database = await testDatabase();
    try {
      await database.pool.script(
        'create schema hdb_catalog; create table hdb_catalog.hdb_version (version text, upgraded_on timestamptz)',
      );
      for (const [version, message] of [
        ['39', /Catalog version 39 of hdb_catalog is of Hasura 1/],
        ['99', /Cannot use database previously used with a newer version/],
      ] as const) {
        await database.pool.script(
          `truncate hdb_catalog.hdb_version; insert into hdb_catalog.hdb_version values ('${version}', now())`,
        );
        await assert.rejects(serveDatabase(database.url), message);
      }
    } finally {
      await database.drop();
    }
  });

  it('is in a stack’s database, too, where the login may make no schemas but has one for this', async () => {
    const server = await startGraphql(
      { bootstrap: true, login: 'hasura', sql: 'create table public.author (id int primary key)' },
      { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls' },
    );
    try {
      const { rows } = await server.database.pool.query(
        "select tableowner from pg_tables where tablename = 'hdb_metadata'",
      );
      assert.deepEqual(
        rows.map(([owner]) => owner!.toString()),
        ['hasura'],
      );
    } finally {
      await server.stop();
    }
  });

  it('is made once by instances that start at the same time', async () => {
    const database = await testDatabase();
    try {
      const instances = await Promise.all([1, 2, 3].map(() => serveDatabase(database.url)));
      await Promise.all(instances.map(instance => instance.stop()));
      const { rows } = await database.pool.query('select resource_version from hdb_catalog.hdb_metadata');
      assert.equal(rows[0]![0]!.toString(), '1');
    } finally {
      await database.drop();
    }
  });
});

describe('the version of the metadata', () => {
  it('refuses who changes what he has not seen, and nothing of his change stays', () =>
    withServer(async server => {
      const { resource_version: seen, metadata } = await exported(server);
      await server.metadata('pg_track_table', { table: 'author' });
      const answer = await server.post('/v1/metadata', {
        type: 'replace_metadata',
        resource_version: seen,
        args: { metadata },
      });
      assert.equal(answer.status, 409);
      assert.deepEqual(answer.body, {
        code: 'conflict',
        error: `metadata resource version referenced (${seen}) did not match current version`,
        path: '$',
      });
      assert.equal((await exported(server)).metadata.sources[0]!.tables.length, 1);
    }));

  it('counts each change, and none that only reads', () =>
    withServer(async server => {
      const { resource_version: first } = await exported(server);
      await server.metadata('get_inconsistent_metadata', {});
      await server.metadata('pg_run_sql', { sql: 'select 1', read_only: true });
      assert.equal((await exported(server)).resource_version, first);
      await server.metadata('reload_metadata', {});
      assert.equal((await exported(server)).resource_version, first + 1);
    }));

  it('lets two instances that change at once lose neither change', () =>
    withServer(async server => {
      await withAnother(server.database.url, async another => {
        const track = ({ post }: GraphqlInstance, table: string) =>
          post('/v1/metadata', { type: 'pg_track_table', args: { table } });
        const answers = await Promise.all([track(server, 'author'), track(another, 'article')]);
        const accepted = answers.filter(({ status }) => status === 200).length;
        assert.ok(answers.every(({ status }) => status === 200 || status === 409));
        assert.equal((await exported(server)).metadata.sources[0]!.tables.length, accepted);
      });
    }));
});
