import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { adminSecret, type GraphqlServer, startGraphql } from '../support/server.ts';
import { subscribe, transportClient } from '../support/sockets.ts';

const tasks = `
  create table task (id int primary key, priority int, at timestamptz not null default now());
  insert into task (id, priority) values (7, 1), (6, 2), (5, 2), (4, 2), (1, 3), (2, 4), (3, 5), (8, null);`;

describe('streams', () => {
  let server: GraphqlServer;
  let port: number;
  before(async () => {
    server = await startGraphql(
      { sql: tasks },
      { HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20' },
      { listens: true },
    );
    port = server.service.port;
    await server.metadata('pg_track_table', { table: 'task' });
  });
  after(() => server.stop());

  const stream = `subscription ($from: task_stream_cursor_value_input!) {
    task_stream(batch_size: 2, cursor: {initial_value: $from}) { id } }`;

  it('lose none of the rows that tie with the last of a batch, and skip those without a value', async () => {
    const client = transportClient(port);
    const live = subscribe(
      client,
      'subscription { task_stream(batch_size: 2, cursor: {initial_value: {priority: 0}}) { priority } }',
    );
    const priorities = async () =>
      ((await live.next()) as { data: { task_stream: { priority: number }[] } }).data.task_stream.map(
        ({ priority }) => priority,
      );
    assert.deepEqual(
      [await priorities(), await priorities(), await priorities()],
      [[1, 2, 2, 2], [3, 4], [5]],
    );
    await live.end();
    await client.dispose();
  });

  it('go downwards where they are asked to', async () => {
    const client = transportClient(port);
    const live = subscribe(
      client,
      'subscription { task_stream(batch_size: 2, cursor: {initial_value: {id: 4}, ordering: DESC}) { id } }',
    );
    assert.deepEqual(await live.next(), { data: { task_stream: [{ id: 3 }, { id: 2 }] } });
    assert.deepEqual(await live.next(), { data: { task_stream: [{ id: 1 }] } });
    await live.end();
    await client.dispose();
  });

  it('are one statement for all, and each goes on from where it stands', async () => {
    const client = transportClient(port);
    const [low, high] = [
      subscribe(client, stream, { from: { id: 0 } }),
      subscribe(client, stream, { from: { id: 6 } }),
    ];
    assert.deepEqual(await low.next(), { data: { task_stream: [{ id: 1 }, { id: 2 }] } });
    assert.deepEqual(await high.next(), { data: { task_stream: [{ id: 7 }, { id: 8 }] } });
    assert.deepEqual(await low.next(), { data: { task_stream: [{ id: 3 }, { id: 4 }] } });
    await server.database.pool.query('insert into task (id, priority) values (9, 9)');
    assert.deepEqual(await high.next(), { data: { task_stream: [{ id: 9 }] } });
    await Promise.all([low.end(), high.end()]);
    await client.dispose();
  });

  it('from now on bring what comes from now on', async () => {
    const client = transportClient(port);
    const live = subscribe(
      client,
      'subscription { task_stream(batch_size: 5, cursor: {initial_value: {at: "now()"}}) { id } }',
    );
    const next = live.next();
    const first = subscribe(
      client,
      'subscription { task_stream(batch_size: 1, cursor: {initial_value: {id: 0}}) { id } }',
    );
    // By then the other stream stands where it began.
    await first.next();
    await first.next();
    await server.database.pool.query(
      "insert into task (id, at) values (20, clock_timestamp() + interval '1 hour')",
    );
    assert.deepEqual(await next, { data: { task_stream: [{ id: 20 }] } });
    await Promise.all([live.end(), first.end()]);
    await client.dispose();
  });

  it('go by one column', async () => {
    const client = transportClient(port);
    const refused = async (cursor: string) => {
      const live = subscribe(client, `subscription { task_stream(batch_size: 1, cursor: ${cursor}) { id } }`);
      await assert.rejects(live.next(), error => {
        const [{ message }] = error as [{ message: string }];
        assert.match(
          message,
          /^(one streaming column field is expected|multiple column cursors are not supported yet)$/,
        );
        return true;
      });
    };
    await refused('[]');
    await refused('{initial_value: {id: 1, priority: 1}}');
    await client.dispose();
  });
});

describe('subscriptions where the database decides', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `
          create table secret (id int primary key, owner text not null);
          insert into secret values (1, 'ann'), (2, 'bob');
          grant select on secret to web_anon;
          alter table secret enable row level security;
          create policy own on secret for select to web_anon
            using (owner = auth.jwt() ->> 'x-hasura-user-id');`,
      },
      {
        PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
      },
      { listens: true },
    );
  });
  after(() => server.stop());

  it('show each user his rows alone, live and as a stream', async () => {
    const { port } = server.service;
    const clients = ['ann', 'bob'].map(user =>
      transportClient(port, {
        'x-hasura-admin-secret': adminSecret,
        'x-hasura-role': 'web_anon',
        'x-hasura-user-id': user,
      }),
    );
    const all = clients.flatMap(client => [
      subscribe(client, 'subscription { secret { id } }'),
      subscribe(
        client,
        'subscription { secret_stream(batch_size: 9, cursor: {initial_value: {id: 0}}) { id owner } }',
      ),
    ]);
    assert.deepEqual(await Promise.all(all.map(each => each.next())), [
      { data: { secret: [{ id: 1 }] } },
      { data: { secret_stream: [{ id: 1, owner: 'ann' }] } },
      { data: { secret: [{ id: 2 }] } },
      { data: { secret_stream: [{ id: 2, owner: 'bob' }] } },
    ]);
    for (const each of all) await each.end();
    for (const client of clients) await client.dispose();
  });
});
