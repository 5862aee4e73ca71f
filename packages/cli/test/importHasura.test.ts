import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts, testDatabase } from '@peakstone/testing';
import { finish, Project, until } from './cli.ts';

const files: Readonly<Record<string, string>> = {
  'config.yaml': 'version: 3\nendpoint: http://localhost:8080\n',
  'metadata/version.yaml': 'version: 3\n',
  'metadata/databases/databases.yaml': `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: PG_DATABASE_URL
  tables: "!include default/tables/tables.yaml"
- name: other
  kind: mssql
  configuration:
    connection_info:
      connection_string: Driver=
  tables: []
`,
  'metadata/databases/default/tables/tables.yaml': `- table: {name: film, schema: public}
  array_relationships:
    - name: critiques
      using:
        foreign_key_constraint_on:
          column: film_id
          table: {name: review, schema: public}
  select_permissions:
    - role: user
      permission: {columns: [id, title], filter: {}}
- table: {name: review, schema: public}
  object_relationships:
    - name: nothing
      using:
        foreign_key_constraint_on: nowhere
`,
  'metadata/cron_triggers.yaml': `- name: nightly
  webhook: '{{NIGHTLY_URL}}/run'
  schedule: 0 0 1 1 *
  include_in_metadata: true
`,
  'migrations/default/1700000000000_init/up.sql':
    "create table film (id int primary key, title text not null); insert into film values (1, 'Playtime');",
  'migrations/default/1700000000000_init/down.sql': 'drop table film;',
  'migrations/default/1700000000001_reviews/up.sql':
    'create table review (id int primary key, film_id int not null references film, stars int); insert into review values (1, 1, 5);',
};

describe('a Hasura project', () => {
  const project = new Project();
  let url: string;
  let secret: string;
  before(async () => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(project.folder, 'hasura', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const port = await reservePorts(4);
    await project.json('up', '--detach', '--port-base', String(port));
    const { services } = await project.json<{ services: { name: string; url?: string }[] }>('status');
    url = new URL(services.find(({ name }) => name === 'graphql')!.url!).origin;
    const { stdout } = await project.run(['secrets', '--show', 'HASURA_ADMIN_SECRET']);
    secret = stdout.trim().slice(stdout.indexOf('=') + 1);
  });
  after(() => project.close());

  const ask = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'x-hasura-admin-secret': secret },
      body: JSON.stringify(body),
    });
    return await response.json();
  };

  it('is looked at first, and nothing is changed', async () => {
    const { code, stdout, stderr } = await project.run(['import', 'hasura', 'hasura', '--dry-run']);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^Would run 2 migrations, up to 1700000000001_reviews\.\nWould apply the metadata: 1 source, 2 tables, 0 functions, 1 cron trigger\./,
    );
    assert.match(stdout, /other: it is a database of another kind \(mssql\)/);
    assert.match(stdout, /NIGHTLY_URL: the metadata reads it, and it is not set here\. Add/);
    assert.match(stdout, /PEAKSTONE_GRAPHQL_AUTHORIZATION=metadata/);
    assert.match(
      JSON.stringify(await ask('/v1/graphql', { query: '{ film { title } }' })),
      /field 'film' not found/,
    );
  });

  it('comes with its migrations and metadata, and what cannot be served is told', async () => {
    const { code, stdout, stderr } = await project.run(['import', 'hasura', 'hasura']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Ran 2 migrations/);
    assert.match(stdout, /Set aside[\s\S]*nothing in table review[\s\S]*nowhere/);
    assert.deepEqual(await ask('/v1/graphql', { query: '{ film { title critiques { stars } } }' }), {
      data: { film: [{ title: 'Playtime', critiques: [{ stars: 5 }] }] },
    });
    const { cli_state: state } = (await ask('/v1/metadata', { type: 'get_catalog_state', args: {} })) as {
      cli_state: { migrations: unknown };
    };
    assert.deepEqual(state.migrations, { default: { '1700000000000': false, '1700000000001': false } });
  });

  it('is brought up to date by the same command, and kept through a restart', async () => {
    const file = join(project.folder, 'hasura/migrations/default/1700000000002_wrong/up.sql');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'alter table film add column year int; select nonsense;');
    const wrong = await project.run(['import', 'hasura', 'hasura']);
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.stderr,
      /^error: Migration 1700000000002_wrong: column "nonsense" does not exist\.\nhint: /m,
    );
    writeFileSync(file, 'alter table film add column year int;');
    const right = await project.run(['import', 'hasura', 'hasura', '--json']);
    assert.equal(right.code, 0, right.stderr);
    assert.deepEqual((JSON.parse(right.stdout) as { migrations: string[] }).migrations, [
      '1700000000002_wrong',
    ]);
    await project.run(['restart', 'graphql']);
    assert.deepEqual(await ask('/v1/graphql', { query: '{ film { year critiques { id } } }' }), {
      data: { film: [{ year: null, critiques: [{ id: 1 }] }] },
    });
  });

  it('is read from a server that runs, and a source that is none is refused in one line', async () => {
    const argv = ['import', 'hasura', url, '--dry-run'];
    const told = await project.run(argv, '', { HASURA_GRAPHQL_ADMIN_SECRET: secret });
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /^Would apply the metadata: 1 source, 2 tables/);
    const refused = await project.run(argv, '', { HASURA_GRAPHQL_ADMIN_SECRET: 'wrong' });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^error: .*x-hasura-admin-secret/m);
    for (const [source, message] of [
      ['nowhere', /^error: .*nowhere does not exist\.$/m],
      ['.', /^error: .* is no Hasura project: .*version\.yaml is missing/m],
      ['http://127.0.0.1:9', /^error: http:\/\/127\.0\.0\.1:9 does not answer/m],
    ] as const) {
      const { code, stderr } = await project.run(['import', 'hasura', source]);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  });
});

describe('a Hasura server that runs', () => {
  it('comes with its rows, what it kept of them, and the versions of its migrations', async () => {
    const database = await testDatabase();
    const target = new Project();
    const port = await reservePorts(1);
    const origin = `http://127.0.0.1:${port}`;
    const secret = 'the secret of the origin';
    const server = new Project({
      HASURA_GRAPHQL_DATABASE_URL: database.url,
      HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1',
      HASURA_GRAPHQL_SERVER_PORT: String(port),
      HASURA_GRAPHQL_ADMIN_SECRET: secret,
    });
    const child = server.start('graphql');
    const ended = finish(child);
    const ask = async (url: string, adminSecret: string, path: string, body: unknown) => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'x-hasura-admin-secret': adminSecret },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200);
      return (await response.json()) as Record<string, unknown>;
    };
    try {
      await database.pool.script(
        "create table film (id int primary key, title text); insert into film values (1, 'Playtime')",
      );
      await until(() =>
        fetch(`${origin}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      const metadata = (type: string, args: unknown) => ask(origin, secret, '/v1/metadata', { type, args });
      await metadata('reload_metadata', {});
      await metadata('pg_track_table', { table: 'film' });
      await metadata('pg_create_event_trigger', {
        name: 'films',
        table: 'film',
        webhook: 'http://127.0.0.1:9',
        insert: { columns: '*' },
      });
      const state = { settings: { migration_mode: 'true' }, migrations: { default: { '17': false } } };
      await metadata('set_catalog_state', { type: 'cli', state });
      await target.json('up', '--detach', '--port-base', String(await reservePorts(4)));
      const { code, stdout, stderr } = await target.run(
        ['import', 'hasura', origin, '--from', database.url],
        '',
        { HASURA_GRAPHQL_ADMIN_SECRET: secret },
      );
      assert.equal(code, 0, stderr + stdout);
      assert.match(stdout, /^Imported \d+ rows of \d+ tables/);
      assert.match(stdout, /\nApplied the metadata: 1 source, 1 table/);
      const { services } = await target.json<{ services: { name: string; url?: string }[] }>('status');
      const url = new URL(services.find(({ name }) => name === 'graphql')!.url!).origin;
      const shown = (await target.run(['secrets', '--show', 'HASURA_ADMIN_SECRET'])).stdout.trim();
      const own = shown.slice(shown.indexOf('=') + 1);
      assert.deepEqual(await ask(url, own, '/v1/graphql', { query: '{ film { title } }' }), {
        data: { film: [{ title: 'Playtime' }] },
      });
      const kept = await ask(url, own, '/v1/metadata', { type: 'get_catalog_state', args: {} });
      assert.deepEqual((kept.cli_state as typeof state).migrations, state.migrations);
      const insert = 'mutation { insert_film_one(object: {id: 2, title: "Trafic"}) { id } }';
      assert.deepEqual(await ask(url, own, '/v1/graphql', { query: insert }), {
        data: { insert_film_one: { id: 2 } },
      });
    } finally {
      child.kill('SIGTERM');
      await ended;
      await target.close();
      await server.close();
      await database.drop();
    }
  });
});
