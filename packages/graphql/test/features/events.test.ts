import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPool } from '@peakstone/kernel/pg';
import { type GraphqlServer, serveDatabase, startGraphql } from '../support/server.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const quick = { HASURA_GRAPHQL_EVENTS_FETCH_INTERVAL: '20' };

describe('event triggers', () => {
  let server: GraphqlServer;
  let webhook: Webhook;
  before(async () => {
    webhook = await startWebhook();
    server = await startGraphql(
      {
        sql: `create table item (id int primary key, name text, secret text);
          create table plain (id int primary key)`,
      },
      { ...quick, HOOK: webhook.url, TOKEN: 'of-the-environment' },
    );
    await server.metadata('pg_track_table', { table: 'item' });
    await server.metadata('pg_track_table', { table: 'plain' });
  });
  after(async () => {
    await server.stop();
    await webhook.stop();
  });

  const create = (more: object): Promise<unknown> =>
    server.metadata('pg_create_event_trigger', {
      name: 'on_item',
      table: 'item',
      webhook: '{{HOOK}}/items',
      insert: { columns: '*', payload: ['id', 'name'] },
      update: { columns: ['name'], payload: ['id', 'name'] },
      delete: { columns: '*' },
      replace: true,
      ...more,
    });
  const sql = (text: string) => server.database.pool.query(text);

  it('tell a webhook of rows that are written, with the columns and headers that were chosen', async () => {
    await create({
      headers: [
        { name: 'x-value', value: 'plain' },
        { name: 'x-token', value_from_env: 'TOKEN' },
      ],
    });
    await server.graphql('mutation { insert_item_one(object: {id: 1, name: "One", secret: "s"}) { id } }', {
      headers: { 'x-hasura-role': 'admin', 'x-hasura-user-id': '7' },
    });
    const { path, headers, body } = await webhook.next();
    assert.equal(path, '/items');
    assert.equal(headers['x-value'], 'plain');
    assert.equal(headers['x-token'], 'of-the-environment');
    assert.deepEqual(body.table, { schema: 'public', name: 'item' });
    assert.deepEqual(body.trigger, { name: 'on_item' });
    assert.deepEqual(body.delivery_info, { current_retry: 0, max_retries: 0 });
    assert.equal(body.event.op, 'INSERT');
    assert.deepEqual(body.event.data, { old: null, new: { id: 1, name: 'One' } });
    assert.deepEqual(body.event.session_variables, { 'x-hasura-role': 'admin', 'x-hasura-user-id': '7' });
  });

  it('say nothing of an update that changes none of the columns that they listen to', async () => {
    await sql("update item set secret = 'other' where id = 1");
    await sql("update item set name = 'Uno' where id = 1");
    const { body } = await webhook.next();
    assert.deepEqual(body.event.data, { old: { id: 1, name: 'One' }, new: { id: 1, name: 'Uno' } });
  });

  it('tell of rows that a role writes which has no right on the events, and may not make any up', async () => {
    const writer = `${server.database.name}_writer`;
    const superuser = createPool({ url: server.database.superuserUrl, size: 1, sharedSize: 0 });
    try {
      await superuser.script(`create role ${writer}; grant insert on item to ${writer}`);
      await superuser.script(`begin; set local role ${writer}; insert into item values (2, 'Two'); commit`);
      assert.equal((await webhook.next()).body.event.data.new.name, 'Two');
      await superuser.script(`grant usage on schema hdb_catalog to ${writer}`);
      await assert.rejects(
        superuser.script(
          `begin; set local role ${writer}; select hdb_catalog.insert_event_log('public', 'item', 'on_item', 'INSERT', '{}'); commit`,
        ),
        /permission denied for function insert_event_log/,
      );
    } finally {
      await superuser.script(`drop owned by ${writer}; drop role ${writer}`);
      await superuser.close(0);
    }
  });

  it('do not fail a write whose session says nonsense of who it is', async () => {
    await server.database.pool.script(
      "begin; select set_config('hasura.user', 'no json', true); insert into item values (3, 'Three'); commit",
    );
    assert.equal((await webhook.next()).body.event.session_variables, null);
  });

  it('come again until they are delivered, and when the webhook says so', async () => {
    await create({ retry_conf: { num_retries: 1, interval_sec: 0, timeout_sec: 5 } });
    const answers = [{ status: 503, headers: { 'retry-after': '1' } }, { status: 500 }, { status: 500 }];
    webhook.answer(() => answers.shift() ?? {});
    await sql("insert into item values (4, 'Four')");
    const tries = [await webhook.next(), await webhook.next()].map(
      ({ body }) => body.delivery_info.current_retry,
    );
    assert.deepEqual(tries, [0, 1]);
    const logs = async () =>
      (await server.metadata('pg_get_event_invocation_logs', { name: 'on_item' })) as {
        readonly status: number;
      }[];
    while ((await logs()).filter(({ status }) => status >= 500).length < 2) await new Promise(setImmediate);
    webhook.answer(() => ({}));
    const [event] = (await server.metadata('pg_get_event_logs', { name: 'on_item', limit: 1 })) as {
      readonly id: string;
      readonly error: boolean;
      readonly tries: number;
    }[];
    assert.deepEqual([event!.error, event!.tries], [true, 2]);
    await server.metadata('pg_redeliver_event', { event_id: event!.id });
    assert.equal((await webhook.next()).body.id, event!.id);
  });

  it('are called by hand where that is allowed', async () => {
    await create({ enable_manual: true });
    const { event_id: id } = (await server.metadata('pg_invoke_event_trigger', {
      name: 'on_item',
      payload: { any: 'thing' },
    })) as { readonly event_id: string };
    const { body } = await webhook.next();
    assert.equal(body.id, id);
    assert.deepEqual([body.event.op, body.event.data], ['MANUAL', { old: null, new: { any: 'thing' } }]);
  });

  it('are refused for columns that are not there, and nothing of them stays', async () => {
    const { status, body } = await server.post('/v1/metadata', {
      type: 'pg_create_event_trigger',
      args: { name: 'wrong', table: 'plain', webhook: webhook.url, insert: { columns: ['nothing'] } },
    });
    assert.equal(status, 400);
    assert.equal((body as { code: string }).code, 'invalid-configuration');
    const { rows } = await sql("select 1 from pg_trigger where tgname like 'notify_hasura_wrong%'");
    assert.equal(rows.length, 0);
  });

  it('transform what they send', async () => {
    await create({
      request_transform: {
        version: 2,
        template_engine: 'Kriti',
        method: 'PUT',
        url: '{{$base_url}}/{{$body.event.data.new.id}}',
        query_params: { user: "{{$session_variables['x-hasura-role']}}" },
        body: {
          action: 'transform',
          template:
            '{"name": {{$body.event.data.new.name}}, "ids": {{ range _, x := [1, 2] }} {{x}} {{ end }} }',
        },
      },
    });
    await server.graphql('mutation { insert_item_one(object: {id: 5, name: "Five"}) { id } }');
    const { path, body } = await webhook.next();
    assert.equal(path, '/items/5?user=admin');
    assert.deepEqual(body, { name: 'Five', ids: [1, 2] });
  });

  it('go with the trigger, and their tables with the metadata', async () => {
    await server.metadata('pg_delete_event_trigger', { name: 'on_item' });
    await sql("insert into item values (6, 'Six')");
    const { rows } = await sql("select 1 from pg_proc where proname like 'notify_hasura%'");
    assert.equal(rows.length, 0);
    await create({});
    await server.metadata('clear_metadata', {});
    const { rows: tables } = await sql("select 1 from pg_class where relname = 'event_log'");
    assert.equal(tables.length, 0);
    await sql("insert into item values (7, 'Seven')");
  });
});

describe('an event whose server is killed', () => {
  it('is delivered by the next', async () => {
    const webhook = await startWebhook();
    const server = await startGraphql({ sql: 'create table item (id int primary key)' });
    try {
      await server.metadata('pg_track_table', { table: 'item' });
      await server.metadata('pg_create_event_trigger', {
        name: 'on_item',
        table: 'item',
        webhook: webhook.url,
        insert: { columns: '*' },
        retry_conf: { num_retries: 0, interval_sec: 1, timeout_sec: 600 },
      });
      await server.service.stop();
      const hangs = Promise.withResolvers<object>();
      webhook.answer(() => hangs.promise);
      const killed = await serveApart(server.database.url);
      await server.database.pool.query('insert into item values (1)');
      const first = await webhook.next();
      killed.kill('SIGKILL');
      webhook.answer(() => ({}));
      const second = await serveDatabase(server.database.url);
      try {
        assert.equal((await webhook.next()).body.id, first.body.id);
      } finally {
        await second.stop();
      }
    } finally {
      await server.stop();
      await webhook.stop();
    }
  });
});

/** A server in a process of its own, when it serves. */
async function serveApart(url: string): Promise<ChildProcess> {
  const main = fileURLToPath(new URL('../support/serveApart.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, HASURA_GRAPHQL_DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>(resolve => child.stdout.once('data', () => resolve()));
  return child;
}
