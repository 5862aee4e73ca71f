/** What clients of live operations have us hold and do, and what others notice of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { type RawSocket, rawSocket } from '../support/sockets.ts';

const secret = { 'x-hasura-admin-secret': 'top' };

describe('many live operations of a visitor', () => {
  let server: GraphqlServer;
  let port: number;
  before(async () => {
    server = await startGraphql(
      {
        sql: `create table note (id int primary key, body text); insert into note values (1, 'One');
          create view slow as select 1 as id from (select pg_sleep(0.3)) as slept;`,
      },
      {
        HASURA_GRAPHQL_ADMIN_SECRET: 'top',
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'visitor',
        HASURA_GRAPHQL_PG_CONNECTIONS: '4',
        // Less than the slow ones take together.
        HASURA_GRAPHQL_PG_POOL_TIMEOUT: '1',
        PEAKSTONE_GRAPHQL_MAX_OPERATIONS_PER_WEBSOCKET: '400',
        PEAKSTONE_GRAPHQL_MAX_VISITOR_SUBSCRIPTIONS: '20',
        PEAKSTONE_GRAPHQL_MAX_VISITOR_SUBSCRIPTION_BYTES: '500000',
      },
      { listens: true },
    );
    port = server.service.port;
    for (const table of ['note', 'slow']) {
      assert.equal((await metadata('pg_track_table', { table })).status, 200);
      const permission = { columns: '*', filter: {} };
      await metadata('pg_create_select_permission', { table, role: 'visitor', permission });
    }
  });
  after(() => server.stop());

  const metadata = (type: string, args: unknown) => server.post('/v1/metadata', { type, args }, secret);
  const open = async (headers: Record<string, string> = {}): Promise<RawSocket> => {
    const socket = await rawSocket(port, 'graphql-transport-ws');
    socket.send({ type: 'connection_init', payload: { headers } });
    assert.equal((await socket.next()).type, 'connection_ack');
    return socket;
  };
  const follow = (socket: RawSocket, id: string, query: string): void =>
    socket.send({ type: 'subscribe', id, payload: { query } });
  const wide = (name: string, fields: number): string =>
    `subscription { ${name}: note { ${Array.from({ length: fields }, (_, i) => `${name}_${i}: body`).join(' ')} } }`;

  it('are so many as a visitor may have, over all his connections, until he ends some', async () => {
    const [one, two] = [await open(), await open()];
    for (let i = 0; i < 20; i++) {
      follow(i % 2 ? one : two, `${i}`, `subscription { n${i}: note { id } }`);
      assert.equal((await (i % 2 ? one : two).next()).type, 'next');
    }
    follow(one, 'more', 'subscription { more: note { id } }');
    assert.deepEqual(await one.next(), {
      type: 'error',
      id: 'more',
      payload: [
        {
          message: 'more than 20 subscriptions of one visitor (PEAKSTONE_GRAPHQL_MAX_VISITOR_SUBSCRIPTIONS)',
          extensions: { path: '$', code: 'start-failed' },
        },
      ],
    });
    assert.equal((await one.next()).type, 'complete');
    const other = await open(secret);
    follow(other, 'more', 'subscription { more: note { id } }');
    assert.equal((await other.next()).type, 'next', 'the administrator has a share of his own');
    two.send({ type: 'complete', id: '0' });
    // In their order: what is refused or begins after it has been ended.
    two.send({ type: 'ping' });
    assert.equal((await two.next()).type, 'pong');
    follow(one, 'more', 'subscription { more: note { id } }');
    assert.equal((await one.next()).type, 'next');
    for (const socket of [one, two, other]) {
      socket.close();
      await socket.closed;
    }
  });

  it('hold no more than a visitor’s share of memory, and give it back', async () => {
    for (let round = 0; round < 2; round++) {
      const socket = await open();
      const told: string[] = [];
      for (let i = 0; i < 15; i++) {
        follow(socket, `${i}`, wide(`r${round}n${i}`, 400));
        const message = await socket.next();
        if (message.type === 'error') assert.equal((await socket.next()).type, 'complete');
        told.push(message.type === 'error' ? JSON.stringify(message.payload) : String(message.type));
      }
      assert.equal(told[0], 'next');
      assert.match(told.at(-1)!, /would hold more than 500000 bytes .*MAX_VISITOR_SUBSCRIPTION_BYTES/);
      socket.close();
      await socket.closed;
    }
  });

  it('that the database is slow to answer wait for one another, and none fails', async () => {
    const socket = await open();
    for (let i = 0; i < 16; i++) follow(socket, `${i}`, `subscription { s${i}: slow { id } }`);
    const answered = new Set<unknown>();
    while (answered.size < 16) {
      const { type, id, payload } = await socket.next();
      assert.equal(type, 'next', JSON.stringify(payload));
      answered.add(id);
    }
    socket.close();
    await socket.closed;
  });

  it('are planned one after another, and others have their turn in between', async () => {
    const neighbour = (name: string) =>
      server.post('/v1/graphql', { query: `{ ${name}: note { id } }` }, secret);
    await neighbour('before');
    const flood = await open();
    const count = 380;
    for (let i = 0; i < count; i++) follow(flood, `${i}`, wide(`f${i}`, 300));
    await flood.next();
    const answered = new Set<unknown>();
    const all = (async () => {
      while (answered.size < count - 1) answered.add((await flood.next()).id);
    })();
    assert.equal((await neighbour('meanwhile')).status, 200);
    assert.ok(answered.size < count / 2, `${answered.size} of ${count} were answered first`);
    await all;
    flood.close();
    await flood.closed;
  });
});
