import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { seededRandom, until } from '@peakstone/testing';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { rawSocket, subscribe, transportClient } from '../support/sockets.ts';

const key = 'reallyreallyreallyreallyverysafe';
const secret = { 'x-hasura-admin-secret': 'top' };

describe('what a WebSocket may cost', () => {
  let server: GraphqlServer;
  let port: number;
  before(async () => {
    server = await startGraphql(
      { sql: "create table note (id int primary key, body text); insert into note values (1, 'One');" },
      {
        HASURA_GRAPHQL_ADMIN_SECRET: 'top',
        HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key }),
        HASURA_GRAPHQL_CORS_DOMAIN: 'https://app.example.com',
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
        HASURA_GRAPHQL_WEBSOCKET_CONNECTION_INIT_TIMEOUT: '60',
        PEAKSTONE_GRAPHQL_MAX_FRAME_BYTES: '200000',
        PEAKSTONE_GRAPHQL_MAX_WAITING_BYTES: '1000000',
      },
      { listens: true },
    );
    port = server.service.port;
    for (const [type, args] of [
      ['pg_track_table', { table: 'note' }],
      [
        'pg_create_select_permission',
        { table: 'note', role: 'user', permission: { columns: ['id'], filter: {} } },
      ],
    ])
      assert.equal((await server.post('/v1/metadata', { type, args }, secret)).status, 200);
  });
  after(() => server.stop());

  const token = (seconds: number): string =>
    signJwt(
      {
        exp: Math.floor(Date.now() / 1000) + seconds,
        'https://hasura.io/jwt/claims': {
          'x-hasura-allowed-roles': ['user'],
          'x-hasura-default-role': 'user',
        },
      },
      key,
    );

  it('ends with the token that it was opened by', async () => {
    const closed = Promise.withResolvers<unknown>();
    const client = transportClient(
      port,
      { authorization: `Bearer ${token(2)}` },
      { onClosed: event => closed.resolve(event) },
    );
    const live = subscribe(client, 'subscription { note { id } }');
    assert.deepEqual(await live.next(), { data: { note: [{ id: 1 }] } });
    const ended = live.next();
    await assert.rejects(ended);
    assert.equal(((await closed.promise) as { code: number }).code, 4403);
  });

  it('is closed when results wait that nobody reads', async () => {
    await server.database.pool.query("update note set body = repeat('x', 400000)");
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise<void>(resolve => socket.on('close', () => resolve()));
    socket.write(
      'GET /v1/graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-ws\r\n\r\n',
    );
    await new Promise(resolve => socket.once('data', resolve));
    socket.write(frame({ type: 'connection_init', payload: { headers: secret } }));
    socket.write(frame({ type: 'start', id: '1', payload: { query: 'subscription { note { body } }' } }));
    socket.pause();
    let turn = 0;
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    // What is written to a socket that was cut shows that it was.
    await until(async () => {
      await server.database.pool.query(`update note set body = repeat('${turn++ % 10}', 400000)`);
      if (!isClosed && turn > 5) socket.write(frame({ type: 'stop', id: 'none' }));
      return isClosed;
    });
    await server.database.pool.query("update note set body = 'One'");
  });

  it('is refused to the page of another origin', async () => {
    await assert.rejects(
      rawSocket(port, 'graphql-ws', { headers: { origin: 'https://evil.example.com' } }),
      /400/,
    );
    const own = await rawSocket(port, 'graphql-ws', { headers: { origin: 'https://app.example.com' } });
    own.close();
  });

  it('takes no frame beyond the limit', async () => {
    const socket = await rawSocket(port, 'graphql-transport-ws');
    socket.send({ type: 'connection_init', payload: { headers: secret } });
    await socket.next();
    socket.send({
      type: 'subscribe',
      id: '1',
      payload: { query: `{ note { id } } #${'x'.repeat(300_000)}` },
    });
    assert.equal((await socket.closed).code, 1009);
  });

  it('survives whatever is sent', async () => {
    const random = seededRandom(5);
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
    const types = ['connection_init', 'start', 'subscribe', 'stop', 'complete', 'ping', 'pong', 'x', 7, null];
    const values = [
      undefined,
      null,
      '',
      'a',
      1,
      [],
      {},
      { headers: { a: 1 } },
      { headers: secret },
      { query: '{ note { id } }' },
      { query: 'subscription { note { id } }' },
      { query: 'subscription { note { nothing } }', variables: [] },
      { query: '}{', extensions: {} },
    ];
    for (let i = 0; i < 60; i++) {
      const socket = await rawSocket(port, pick(['graphql-ws', 'graphql-transport-ws']));
      if (random() < 0.7) socket.send({ type: 'connection_init', payload: { headers: secret } });
      for (let n = 0; n < 20; n++)
        socket.send(
          pick<unknown>([
            'null',
            '[',
            `{"type":"ping","payload":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
            { type: pick(types), id: pick(values), payload: pick(values) },
          ]),
        );
      socket.close();
      await socket.closed;
    }
    const socket = await rawSocket(port, 'graphql-transport-ws');
    socket.send({ type: 'connection_init', payload: { headers: secret } });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    socket.send({ type: 'subscribe', id: '1', payload: { query: '{ note { id } }' } });
    assert.deepEqual(await socket.next(), {
      type: 'next',
      id: '1',
      payload: { data: { note: [{ id: 1 }] } },
    });
    socket.close();
  });

  it('is told when the server stops, so that its client comes again', async () => {
    const socket = await rawSocket(port, 'graphql-transport-ws');
    await server.service.stop();
    assert.deepEqual(await socket.closed, { code: 1012, reason: 'shutting server down' });
  });
});

/** A masked frame of text, as clients send it. */
function frame(message: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]), text]);
}
