import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { adminSecret, type GraphqlServer, startGraphql } from '../support/server.ts';
import { rawSocket } from '../support/sockets.ts';

const jwtSecret = 'a key that has at least thirty-two bytes';
const asUser = { authorization: `Bearer ${signJwt({ role: 'app_user' }, jwtSecret)}` };
const asAdmin = { 'x-hasura-admin-secret': adminSecret, 'x-hasura-role': 'app_user' };

const list = (values: number): string => `[${'1,'.repeat(values - 1)}1]`;
const asking = (values: number): string =>
  `{"query":"query ($ids: [Int!]!) { item(where: {id: {_in: $ids}}) { id } }","variables":{"ids":${list(values)}}}`;

describe('a body', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `create table item (id int primary key); insert into item values (1); grant select on item to web_anon, app_user;
          create table word (id int primary key, text text); grant select on word to web_anon;
          insert into word select g, repeat('x', 1000) from generate_series(1, 1000) g;`,
      },
      {
        PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
        HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: jwtSecret }),
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon',
        PEAKSTONE_GRAPHQL_MAX_VISITOR_BODY_BYTES: '20000',
        PEAKSTONE_GRAPHQL_MAX_USER_BODY_BYTES: '200000',
        PEAKSTONE_GRAPHQL_MAX_VALUES: '20000',
        PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES: '2000000',
      },
      { listens: true },
    );
  });
  after(() => server.stop());

  const found = { status: 200, body: { data: { item: [{ id: 1 }] } } };
  const refused = (message: string) => ({
    status: 413,
    body: { errors: [{ message, extensions: { path: '$', code: 'validation-failed' } }] },
  });
  const send = async (text: string, headers: Record<string, string> = {}) => {
    const { status, body } = await server.postText('/v1/graphql', text, headers);
    return { status, body };
  };

  it('may hold as much as who sends it may send', async () => {
    assert.deepEqual(await send(asking(4000)), found);
    assert.deepEqual(await send(asking(6000)), refused('the body holds more than 5000 values'));
    assert.deepEqual(await send(asking(12_000)), refused('the body has more than 20000 bytes'));
    assert.deepEqual(await send(asking(12_000), asUser), found);
    assert.deepEqual(await send(asking(30_000), asUser), refused('the body holds more than 20000 values'));
    assert.deepEqual(await send(asking(110_000), asUser), refused('the body has more than 200000 bytes'));
    assert.deepEqual(await send(asking(110_000), asAdmin), found);
  });

  it('is refused as what it is when it nests without end, is no JSON, or is many', async () => {
    const deep = `{"query":"{ __typename }","variables":{"a":${'['.repeat(2000)}${']'.repeat(2000)}}}`;
    const tooDeep = [
      {
        message: 'Error in $: nested more than 500 levels deep',
        extensions: { path: '$', code: 'invalid-json' },
      },
    ];
    for (const text of [deep, '['.repeat(15_000)])
      assert.deepEqual(await send(text), { status: 200, body: { errors: tooDeep } });
    for (const text of ['', '{', '{"query":"{ __typename }"', `"${'\\"'.repeat(5000)}`])
      assert.match(JSON.stringify(await send(text)), /"code":"invalid-json"/);
    const many = JSON.stringify(Array.from({ length: 101 }, () => ({ query: '{ __typename }' })));
    assert.match(JSON.stringify(await send(many)), /the batch has more than 100 operations/);
  });

  it('tells how many root fields a query may have', async () => {
    const query = `{ ${Array.from({ length: 501 }, (_, i) => `a${i}: item { id }`).join(' ')} }`;
    assert.deepEqual((await send(JSON.stringify({ query }), asUser)).body, {
      errors: [
        {
          message: 'the operation selects more than 500 root fields',
          extensions: { path: '$.selectionSet', code: 'validation-failed' },
        },
      ],
    });
  });

  it('brings no answer that is larger than what is given', async () => {
    const words = (n: number) =>
      `{ ${Array.from({ length: n }, (_, i) => `a${i}: word { text }`).join(' ')} }`;
    const { body } = await send(JSON.stringify({ query: words(1) }));
    assert.equal((body as { data: { a0: unknown[] } }).data.a0.length, 1000);
    for (const query of [words(5), '{ word { text a: text b: text c: text } }'])
      assert.match(
        JSON.stringify((await send(JSON.stringify({ query }))).body),
        /"the answer has [a-z\d ]+ bytes; at most 2000000 are given: ask for fewer rows \(limit, where\) or fields; PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES is the limit"/,
      );
  });

  it('holds an operation of so many characters', async () => {
    const query = `{ item { id } } # ${'x'.repeat(1024 * 1024)}`;
    assert.deepEqual((await send(JSON.stringify({ query }), asAdmin)).body, {
      errors: [
        {
          message: 'the operation has more than 1048576 characters',
          extensions: { path: '$.query', code: 'validation-failed' },
        },
      ],
    });
  });

  it('is taken in its order where it is a message of a WebSocket, however long it takes to read', async () => {
    const socket = await rawSocket(server.service.port, 'graphql-transport-ws', { headers: asUser });
    socket.send({ type: 'connection_init' });
    assert.equal((await socket.next()).type, 'connection_ack');
    socket.send(`{"type":"subscribe","id":"large","payload":${asking(19_000)}}`);
    socket.send({ type: 'complete', id: 'large' });
    socket.send('no JSON');
    assert.equal((await socket.closed).code, 4400);
  });

  it('holds no more variables than a subscription may keep', async () => {
    const socket = await rawSocket(server.service.port, 'graphql-transport-ws', { headers: asUser });
    socket.send({ type: 'connection_init' });
    assert.equal((await socket.next()).type, 'connection_ack');
    socket.send(
      `{"type":"subscribe","id":"1","payload":${asking(6000).replace('"query ', '"subscription ')}}`,
    );
    assert.deepEqual((await socket.next()).payload, [
      {
        message: 'the variables of a subscription may hold 5000 values, texts counted by their length',
        extensions: { path: '$', code: 'validation-failed' },
      },
    ]);
    socket.close();
  });

  it('is bounded in messages of a WebSocket as well', async () => {
    for (const [values, closes] of [
      [4000, false],
      [6000, true],
    ] as const) {
      const socket = await rawSocket(server.service.port, 'graphql-transport-ws');
      socket.send({ type: 'connection_init' });
      assert.equal((await socket.next()).type, 'connection_ack');
      socket.send(`{"type":"subscribe","id":"1","payload":${asking(values)}}`);
      if (closes) {
        const { code, reason } = await socket.closed;
        assert.equal(code, 4400);
        assert.match(reason, /holds more than 5000/);
      } else {
        assert.equal((await socket.next()).type, 'next');
        socket.close();
      }
    }
  });
});
