import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { rawSocket, subscribe, transportClient } from '../support/sockets.ts';

const notes = `
  create table note (id int primary key, owner text not null, body text not null);
  insert into note values (1, 'ann', 'One'), (2, 'bob', 'Two');`;

/** As fast as a machine under load allows: nobody waits for the next time that is asked. */
const quick = {
  HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
  HASURA_GRAPHQL_CLOSE_WEBSOCKETS_ON_METADATA_CHANGE: 'false',
};

describe('live queries', () => {
  let server: GraphqlServer;
  let port: number;
  before(async () => {
    server = await startGraphql({ sql: notes }, quick, { listens: true });
    port = server.service.port;
    await server.metadata('pg_track_table', { table: 'note' });
    await server.metadata('pg_create_select_permission', {
      table: 'note',
      role: 'user',
      permission: { columns: ['id', 'body'], filter: { owner: 'X-Hasura-User-Id' } },
    });
  });
  after(() => server.stop());

  const query = 'subscription ($id: Int!) { note(where: {id: {_eq: $id}}) { id body } }';

  it('give what is there, and then what it has become', async () => {
    const client = transportClient(port);
    const live = subscribe(client, query, { id: 1 });
    assert.deepEqual(await live.next(), { data: { note: [{ id: 1, body: 'One' }] } });
    await server.database.pool.query("update note set body = 'Uno' where id = 1");
    assert.deepEqual(await live.next(), { data: { note: [{ id: 1, body: 'Uno' }] } });
    await server.database.pool.query("update note set body = 'One' where id = 1");
    assert.deepEqual(await live.next(), { data: { note: [{ id: 1, body: 'One' }] } });
    await live.end();
    await client.dispose();
  });

  it('ask once for all who differ in variables and session alone, and give each its own', async () => {
    const owners = transportClient(port, { 'x-hasura-role': 'user', 'x-hasura-user-id': 'ann' });
    const others = transportClient(port, { 'x-hasura-role': 'user', 'x-hasura-user-id': 'bob' });
    const all = [
      subscribe(owners, query, { id: 1 }),
      subscribe(owners, query, { id: 2 }),
      subscribe(others, query, { id: 1 }),
      subscribe(others, query, { id: 2 }),
    ];
    assert.deepEqual(await Promise.all(all.map(each => each.next())), [
      { data: { note: [{ id: 1, body: 'One' }] } },
      { data: { note: [] } },
      { data: { note: [] } },
      { data: { note: [{ id: 2, body: 'Two' }] } },
    ]);
    for (const each of all) await each.end();
    await Promise.all([owners.dispose(), others.dispose()]);
  });

  it('know who asks where a view or function looks at it, each its own', async () => {
    await server.database.pool.script(`
      create schema who;
      create function who.user_id() returns text language sql stable as
        $$ select current_setting('hasura.user', true)::json ->> 'x-hasura-user-id' $$;
      create function who.mine() returns text language sql stable as 'select who.user_id()';
      create view my_note as select id, body, who.mine() as me from note where owner = who.mine()`);
    await server.metadata('pg_track_table', { table: 'my_note' });
    await server.metadata('pg_create_select_permission', {
      table: 'my_note',
      role: 'user',
      permission: { columns: '*', filter: {} },
    });
    const own = 'subscription { my_note { id me } }';
    const clients = ['ann', 'bob'].map(id =>
      transportClient(port, { 'x-hasura-role': 'user', 'x-hasura-user-id': id }),
    );
    const all = clients.map(client => subscribe(client, own));
    assert.deepEqual(await Promise.all(all.map(each => each.next())), [
      { data: { my_note: [{ id: 1, me: 'ann' }] } },
      { data: { my_note: [{ id: 2, me: 'bob' }] } },
    ]);
    for (const each of all) await each.end();
    for (const client of clients) await client.dispose();
  });

  it('tell one whose value does not fit, and the others nothing of it', async () => {
    await server.database.pool.script(
      'create table reading (id int primary key, at timestamptz not null); insert into reading values (1, now())',
    );
    await server.metadata('pg_track_table', { table: 'reading' });
    const socket = await rawSocket(port, 'graphql-transport-ws');
    socket.send({ type: 'connection_init' });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    const start = (id: string, since: string) =>
      socket.send({
        type: 'subscribe',
        id,
        payload: {
          query: 'subscription ($since: timestamptz!) { reading(where: {at: {_gt: $since}}) { id } }',
          variables: { since },
        },
      });
    start('good', '2020-01-01');
    start('bad', 'not a time');
    const messages = [await socket.next(), await socket.next(), await socket.next()];
    assert.deepEqual(
      messages.find(({ id }) => id === 'good'),
      { type: 'next', id: 'good', payload: { data: { reading: [{ id: 1 }] } } },
    );
    assert.deepEqual(
      messages.filter(({ id }) => id === 'bad'),
      [
        {
          type: 'error',
          id: 'bad',
          payload: [
            {
              message: 'invalid input syntax for type timestamp with time zone: "not a time"',
              extensions: { path: '$', code: 'data-exception' },
            },
          ],
        },
        { type: 'complete', id: 'bad' },
      ],
    );
    socket.close();
  });

  it('end with the reason when their table is gone from the metadata', async () => {
    await server.database.pool.script('create table passing (id int primary key)');
    await server.metadata('pg_track_table', { table: 'passing' });
    const socket = await rawSocket(port, 'graphql-transport-ws');
    socket.send({ type: 'connection_init' });
    await socket.next();
    socket.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { passing { id } }' } });
    assert.deepEqual(await socket.next(), { type: 'next', id: '1', payload: { data: { passing: [] } } });
    await server.metadata('pg_untrack_table', { table: 'passing' });
    assert.deepEqual(await socket.next(), {
      type: 'error',
      id: '1',
      payload: [
        {
          message: "field 'passing' not found in type: 'subscription_root'",
          extensions: { path: '$.selectionSet.passing', code: 'validation-failed' },
        },
      ],
    });
    assert.deepEqual(await socket.next(), { type: 'complete', id: '1' });
    socket.close();
  });
});

describe('the protocols over WebSockets', () => {
  let server: GraphqlServer;
  let port: number;
  before(async () => {
    server = await startGraphql(
      { sql: notes },
      {
        HASURA_GRAPHQL_ADMIN_SECRET: 'top',
        HASURA_GRAPHQL_WEBSOCKET_CONNECTION_INIT_TIMEOUT: '1',
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
        PEAKSTONE_GRAPHQL_MAX_OPERATIONS_PER_WEBSOCKET: '2',
      },
      { listens: true },
    );
    port = server.service.port;
    await server.post(
      '/v1/metadata',
      { type: 'pg_track_table', args: { table: 'note' } },
      { 'x-hasura-admin-secret': 'top' },
    );
  });
  after(() => server.stop());

  const secret = { 'x-hasura-admin-secret': 'top' };
  const ready = async (protocol: string) => {
    const socket = await rawSocket(port, protocol);
    socket.send({ type: 'connection_init', payload: { headers: secret } });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    return socket;
  };

  it('answer queries and mutations, too', async () => {
    const socket = await ready('graphql-transport-ws');
    socket.send({
      type: 'subscribe',
      id: 'm',
      payload: { query: 'mutation { insert_note_one(object: {id: 9, owner: "cy", body: "Nine"}) { id } }' },
    });
    assert.deepEqual(await socket.next(), {
      type: 'next',
      id: 'm',
      payload: { data: { insert_note_one: { id: 9 } } },
    });
    assert.deepEqual(await socket.next(), { type: 'complete', id: 'm' });
    socket.send({ type: 'subscribe', id: 'q', payload: { query: '{ note_by_pk(id: 9) { body } }' } });
    assert.deepEqual(await socket.next(), {
      type: 'next',
      id: 'q',
      payload: { data: { note_by_pk: { body: 'Nine' } } },
    });
    socket.close();
  });

  it('tell errors as each of them does', async () => {
    const payload = { query: '{ nothing { id } }' };
    const error = {
      message: "field 'nothing' not found in type: 'query_root'",
      extensions: { path: '$.selectionSet.nothing', code: 'validation-failed' },
    };
    const transport = await ready('graphql-transport-ws');
    transport.send({ type: 'subscribe', id: '1', payload });
    assert.deepEqual(await transport.next(), { type: 'error', id: '1', payload: [error] });
    transport.close();
    const legacy = await ready('graphql-ws');
    legacy.send({ type: 'start', id: '1', payload });
    assert.deepEqual(await legacy.next(), { type: 'error', id: '1', payload: { errors: [error] } });
    assert.deepEqual(await legacy.next(), { type: 'complete', id: '1' });
    legacy.close();
  });

  it('serve a legacy client that stops and ends as its protocol says', async () => {
    const socket = await ready('graphql-ws');
    assert.equal(socket.protocol, 'graphql-ws');
    socket.send({
      type: 'start',
      id: '1',
      payload: { query: 'subscription { note_by_pk(id: 1) { body } }' },
    });
    assert.deepEqual(await socket.next(), {
      type: 'data',
      id: '1',
      payload: { data: { note_by_pk: { body: 'One' } } },
    });
    socket.send({ type: 'start', id: '1', payload: { query: '{ note { id } }' } });
    assert.deepEqual(await socket.next(), {
      type: 'error',
      id: '1',
      payload: {
        message: 'an operation already exists with this id: 1',
        extensions: { path: '$', code: 'start-failed' },
      },
    });
    assert.deepEqual(await socket.next(), { type: 'complete', id: '1' });
    socket.send({ type: 'stop', id: '1' });
    socket.send({ type: 'stop' });
    assert.deepEqual(await socket.next(), {
      type: 'connection_error',
      payload: 'parsing ClientMessage failed: Error in $: key "id" not found',
    });
    socket.send({ type: 'connection_terminate' });
    assert.equal((await socket.closed).code, 1000);
  });

  it('close with the code that says why', async () => {
    const closedBy = async (...messages: unknown[]) => {
      const socket = await rawSocket(port, 'graphql-transport-ws');
      for (const message of messages) socket.send(message);
      return socket.closed;
    };
    const init = { type: 'connection_init', payload: { headers: secret } };
    const live = { type: 'subscribe', id: '1', payload: { query: 'subscription { note { id } }' } };
    const text = (message: string) => JSON.stringify({ server_error_msg: message });
    assert.deepEqual(await closedBy({ type: 'connection_init', payload: { headers: {} } }), {
      code: 4403,
      reason: text('4403: Forbidden'),
    });
    assert.deepEqual(await closedBy(live), { code: 4401, reason: text('4401: Unauthorized') });
    assert.equal((await closedBy('no JSON')).code, 4400);
    assert.equal((await closedBy(init, { type: 'complete' })).code, 4400);
    assert.deepEqual(await closedBy(init, init), {
      code: 4429,
      reason: text('4429: Too many initialisation requests'),
    });
    assert.deepEqual(await closedBy(init, live, live), {
      code: 4409,
      reason: text('4409: Subscriber for 1 already exists'),
    });
    assert.deepEqual(await closedBy(), {
      code: 4408,
      reason: text('4408: Connection initialisation timeout'),
    });
  });

  it('refuse a legacy client with the reason, and then close', async () => {
    const socket = await rawSocket(port);
    socket.send({ type: 'connection_init', payload: {} });
    assert.deepEqual(await socket.next(), {
      type: 'connection_error',
      payload: '"x-hasura-admin-secret"/"x-hasura-access-key" required, but not found',
    });
    assert.equal((await socket.closed).code, 4400);
  });

  it('hold no more than a connection may have under way', async () => {
    const socket = await ready('graphql-transport-ws');
    for (const id of ['1', '2', '3'])
      socket.send({ type: 'subscribe', id, payload: { query: 'subscription { note_by_pk(id: 1) { id } }' } });
    const types = [];
    for (let i = 0; i < 4; i++) types.push((await socket.next()).type);
    assert.deepEqual(types.toSorted(), ['complete', 'error', 'next', 'next']);
    socket.close();
  });

  it('drop who sends much before saying who it is', async () => {
    const socket = await rawSocket(port);
    socket.send({ type: 'connection_init', payload: { headers: { padding: 'x'.repeat(100_000) } } });
    assert.equal((await socket.closed).code, 1006);
  });

  it('take no handshake at another path', async () => {
    await assert.rejects(rawSocket(port, 'graphql-ws', { path: '/v1/metadata' }), /404/);
  });

  it('close all when the metadata has changed, so that clients come again', async () => {
    const sockets = [await ready('graphql-transport-ws'), await ready('graphql-ws')];
    await server.post(
      '/v1/metadata',
      { type: 'pg_untrack_table', args: { table: 'note' } },
      { 'x-hasura-admin-secret': 'top' },
    );
    for (const socket of sockets)
      assert.deepEqual(await socket.closed, {
        code: 1012,
        reason: 'Server state changed, restarting the server',
      });
  });
});
