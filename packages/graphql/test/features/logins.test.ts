import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { parseConninfo } from '@peakstone/kernel/pg';
import { connect, type TestDatabase, testDatabase } from '@peakstone/testing';
import { adminSecret, type GraphqlInstance, serveDatabase } from '../support/server.ts';
import { subscribe, transportClient } from '../support/sockets.ts';

const jwtKey = 'a key of forty-eight letters that nobody shall know';

describe('code of whoever writes the application’s schemas, in a user’s request where the database decides', () => {
  let database: TestDatabase;
  let server: GraphqlInstance;
  before(async () => {
    database = await testDatabase({
      bootstrap: true,
      sql: `
        create table public.seen (id int primary key, body text);
        insert into public.seen values (1, 'one');
        create view public.who as select null::text as login, null::text as role, null::text as refused where false;
        create function public.go_back(mark text) returns setof public.who language plpgsql volatile as $$
          declare refused text;
          begin
            perform pg_catalog.set_config('role', 'none', true);
            begin
              update hdb_catalog.hdb_metadata set resource_version = resource_version + 1;
            exception when others then refused := sqlstate;
            end;
            begin
              insert into public.seen values (99, mark);
              refused := refused || ' and wrote';
            exception when insufficient_privilege then null;
            end;
            return query select session_user::text, current_user::text, refused;
          end $$;
        create function public.look_back() returns setof public.who language plpgsql stable as $$
          begin
            perform pg_catalog.set_config('role', 'none', true);
            return query select session_user::text, current_user::text,
              case when pg_catalog.has_schema_privilege('hdb_catalog', 'usage') then null else '42501' end;
          end $$;
        create view public.looked with (security_invoker) as select * from public.look_back();
        create function public.on_write() returns trigger language plpgsql as $$
          declare found record;
          begin
            select * into found from public.look_back();
            new.body := found.login || ' ' || coalesce(found.refused, 'let');
            return new;
          end $$;
        create trigger on_write before insert on public.seen for each row when (new.id < 90) execute function public.on_write();
        grant select on public.who, public.looked to web_anon;
        grant select, insert on public.seen to web_anon;
        grant execute on function public.go_back(text), public.look_back() to web_anon;`,
    });
    const { user, password } = parseConninfo(database.roleUrl('db_authenticator'));
    server = await serveDatabase(
      database.roleUrl('hasura'),
      {
        PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
        PEAKSTONE_GRAPHQL_REQUEST_LOGIN: user,
        PEAKSTONE_GRAPHQL_REQUEST_PASSWORD: password ?? '',
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon',
        HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: jwtKey }),
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
        HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
      },
      { listens: true },
    );
    await server.metadata('pg_track_function', {
      function: 'go_back',
      configuration: { exposed_as: 'mutation' },
    });
  });
  after(async () => {
    await server.stop();
    await database.drop();
  });

  const nobody = { login: 'db_authenticator', refused: '42501' };

  it('gets from a mutation to a login to which nothing belongs, and cannot write metadata', async () => {
    assert.deepEqual(await server.graphql('mutation { go_back(args: {mark: "m"}) { login role refused } }'), {
      data: { go_back: [{ ...nobody, role: 'db_authenticator' }] },
    });
  });

  it('nor from a query, a trigger, an endpoint or what is asked with the admin secret as another role', async () => {
    const looked = { data: { looked: [nobody] } };
    assert.deepEqual(await server.graphql('{ looked { login refused } }'), looked);
    assert.deepEqual(await server.graphql('{ looked { login refused } }', { role: 'web_anon' }), looked);
    assert.deepEqual(await server.graphql('mutation { insert_seen_one(object: {id: 2}) { body } }'), {
      data: { insert_seen_one: { body: 'db_authenticator 42501' } },
    });
    await server.metadata('create_query_collection', {
      name: 'all',
      definition: { queries: [{ name: 'looked', query: '{ looked { login refused } }' }] },
    });
    await server.metadata('create_rest_endpoint', {
      name: 'looked',
      url: 'looked',
      methods: ['POST'],
      definition: { query: { collection_name: 'all', query_name: 'looked' } },
    });
    assert.deepEqual((await server.post('/api/rest/looked', {})).body, looked.data);
  });

  it('nor from a policy of a table whose rows are values of the schema, which the server itself reads', async () => {
    const superuser = connect(database.superuserUrl);
    await superuser.script(`create function public.told() returns boolean language plpgsql as
        $$ begin raise exception 'called by %', session_user; end $$;
      create table public.kind (name text primary key);
      insert into public.kind values ('fruit');
      alter table public.kind enable row level security;
      create policy told on public.kind using (public.told());
      grant select on public.kind to hasura`);
    await superuser.close();
    await server.service.refresh();
    const { text } = await server.post(
      '/v1/metadata',
      { type: 'pg_track_table', args: { table: 'kind', is_enum: true } },
      { 'x-hasura-admin-secret': adminSecret },
    );
    assert.doesNotMatch(text, /called by/);
  });

  it('nor from a live query or a stream', async () => {
    const client = await transportClient(server.service.port, {});
    const live = subscribe(client, 'subscription { looked { login refused } }');
    assert.deepEqual(await live.next(), { data: { looked: [nobody] } });
    const stream = subscribe(
      client,
      'subscription { looked_stream(batch_size: 1, cursor: {initial_value: {login: ""}}) { login refused } }',
    );
    assert.deepEqual(await stream.next(), { data: { looked_stream: [nobody] } });
    await client.dispose();
  });
});

describe('a role that a user’s function leaves in its session', () => {
  it('is not the one in which the administrator, or anybody else, asks next', async () => {
    const database = await testDatabase({
      bootstrap: true,
      sql: `
        create view public.who as select ''::text as role where false;
        create function public.who_asks() returns setof public.who language sql stable as 'select current_user::text';
        create function public.leave() returns setof public.who language plpgsql stable as $$ begin
          perform pg_catalog.set_config('role', 'web_anon', false); return query select 'left'; end $$;
        grant select on public.who to web_anon, app_user, hasura;`,
    });
    const server = await serveDatabase(database.roleUrl('hasura'), {
      PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
      HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon',
      // Two of them are shared by short reads.
      HASURA_GRAPHQL_PG_CONNECTIONS: '4',
    });
    try {
      const roles = new Set<string>();
      const several = <T>(ask: () => Promise<T>): Promise<T[]> => Promise.all([ask(), ask(), ask(), ask()]);
      for (let i = 0; i < 10; i++) {
        for (const answer of await several(() => server.graphql('{ leave { role } }')))
          assert.deepEqual(answer, { data: { leave: [{ role: 'left' }] } });
        for (const role of ['admin', 'app_user'])
          for (const answer of await several(() => server.graphql('{ who_asks { role } }', { role })))
            roles.add(JSON.stringify(answer));
      }
      assert.deepEqual(
        [...roles],
        ['hasura', 'app_user'].map(role => JSON.stringify({ data: { who_asks: [{ role }] } })),
      );
    } finally {
      await server.stop();
      await database.drop();
    }
  });
});

describe('secrets of the server', () => {
  let hook: Awaited<ReturnType<typeof listenForAnything>>;
  let server: GraphqlInstance;
  let database: TestDatabase;
  const secretToo = 'of the metrics, as secret';
  before(async () => {
    hook = await listenForAnything();
    database = await testDatabase({ sql: 'create table item (id int primary key)', bootstrap: true });
    server = await serveDatabase(database.superuserUrl, {
      HASURA_GRAPHQL_ADMIN_SECRET: adminSecret,
      HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: jwtKey }),
      HASURA_GRAPHQL_METRICS_SECRET: secretToo,
      HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL: '20',
      PGPASSWORD: 'of libpq',
      UNDER_ANOTHER_NAME: adminSecret,
      WITHIN: `Bearer ${jwtKey}`,
      HOOK: hook.url,
      TOKEN: 'meant for the hook',
    });
  });
  after(async () => {
    await server.stop();
    await hook.close();
    await database.drop();
  });

  const names = [
    'HASURA_GRAPHQL_ADMIN_SECRET',
    'HASURA_GRAPHQL_JWT_SECRET',
    'HASURA_GRAPHQL_DATABASE_URL',
    'HASURA_GRAPHQL_METRICS_SECRET',
    'PGPASSWORD',
    'UNDER_ANOTHER_NAME',
    'WITHIN',
  ];
  const admin = { 'x-hasura-admin-secret': adminSecret };
  const command = (type: string, args: unknown) => server.post('/v1/metadata', { type, args }, admin);

  it('fill no address, header or template of metadata, whoever has written them', async () => {
    for (const name of names) {
      for (const definition of [
        { url: `${hook.url}/{{${name}}}` },
        { url_from_env: name },
        { url: hook.url, headers: [{ name: 'x-a', value: `{{${name}}}` }] },
        { url: hook.url, headers: [{ name: 'x-a', value_from_env: name }] },
      ]) {
        const { status } = await command('add_remote_schema', { name: 'x', definition });
        assert.equal(status, 400, JSON.stringify(definition));
      }
      const { status } = await command('test_webhook_transform', {
        webhook_url: `http://localhost/{{${name}}}`,
        body: {},
        request_transform: { version: 2, template_engine: 'Kriti' },
      });
      assert.equal(status, 400, name);
    }
    // Written past the API, by whoever comes to write the rows.
    const superuser = connect(database.superuserUrl);
    await superuser.script(`update hdb_catalog.hdb_metadata set resource_version = resource_version + 1,
      metadata = pg_catalog.jsonb_set(metadata::jsonb, '{remote_schemas}', '[${names
        .map(
          name =>
            `{"name": "${name}", "definition": {"url": "${hook.url}/{{${name}}}", "headers": [{"name": "x-a", "value_from_env": "${name}"}]}}`,
        )
        .join(',')}]')::json`);
    await superuser.close();
    const { body } = await command('reload_metadata', { reload_remote_schemas: true });
    assert.ok(JSON.stringify(body).includes('inconsistent'), JSON.stringify(body));
    assert.deepEqual(hook.heard, []);
  });

  it('are kept apart from variables that are there for metadata', async () => {
    await command('clear_metadata', {});
    await command('add_remote_schema', {
      name: 'x',
      definition: { url: '{{HOOK}}/at', headers: [{ name: 'x-a', value_from_env: 'TOKEN' }] },
    });
    assert.deepEqual(hook.heard, ['/at meant for the hook']);
  });
});

/** Says what it was asked, and answers nothing of use. */
async function listenForAnything() {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.url} ${String(request.headers['x-a'])}`);
    response.end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: () => new Promise(resolve => server.close(resolve)),
  };
}
