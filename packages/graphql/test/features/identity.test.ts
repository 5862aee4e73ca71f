import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { adminSecret, type GraphqlServer, startGraphql } from '../support/server.ts';
import { rawSocket } from '../support/sockets.ts';

const ann = '00000000-0000-4000-8000-00000000000a';
const jwtSecret = 'a key that has at least thirty-two bytes';
const signed = (claims: object): Record<string, string> => ({
  authorization: `Bearer ${signJwt({ ...claims }, jwtSecret)}`,
});
/** What somebody may send who wants to be somebody else. */
const claimed = {
  'x-hasura-user-id': ann,
  'x-hasura-user-email': 'ann@example.com',
  'x-hasura-role': 'app_user',
  'x-hasura-default-role': 'app_user',
  'x-hasura-use-backend-only-permissions': 'true',
};

describe('who has shown no token, where the database decides', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `
          create table note (id int primary key, owner uuid, body text);
          insert into note values (1, '${ann}', 'of Ann'), (2, null, 'of nobody');
          grant select, update on note to web_anon, app_user;
          alter table note enable row level security;
          create policy own on note using (owner = auth.uid());
          create view me with (security_invoker) as
            select auth.uid()::text as uid, auth.email() as email, auth.role() as role, auth.jwt()::text as jwt;
          grant select on me to web_anon, app_user;`,
      },
      {
        PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon',
        HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({
          type: 'HS256',
          key: jwtSecret,
          claims_namespace_path: '$',
        }),
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
      },
      { listens: true },
    );
  });
  after(() => server.stop());

  it('is nobody, whatever session variables he sends', async () => {
    assert.deepEqual(await server.graphql('{ note { id } }', { headers: claimed }), { data: { note: [] } });
    assert.deepEqual(await server.graphql('{ me { uid email role jwt } }', { headers: claimed }), {
      data: { me: [{ uid: null, email: null, role: 'web_anon', jwt: '{"x-hasura-role": "web_anon"}' }] },
    });
    assert.deepEqual(
      await server.graphql('mutation { update_note(where: {}, _set: {body: "taken"}) { affected_rows } }', {
        headers: claimed,
      }),
      { data: { update_note: { affected_rows: 0 } } },
    );
  });

  it('is nobody over a WebSocket, whether the handshake or connection_init says so', async () => {
    const { port } = server.service;
    for (const [inHandshake, inInit] of [
      [claimed, {}],
      [{}, claimed],
    ]) {
      const socket = await rawSocket(port, 'graphql-transport-ws', { headers: inHandshake! });
      socket.send({ type: 'connection_init', payload: { headers: inInit } });
      assert.equal((await socket.next()).type, 'connection_ack');
      socket.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { note { id } }' } });
      assert.deepEqual((await socket.next()).payload, { data: { note: [] } });
      socket.close();
      await socket.closed;
    }
  });

  it('is who his token says, and headers beside it change nothing but the role among the allowed ones', async () => {
    const asAnn = signed({ role: 'app_user', sub: ann });
    assert.deepEqual(await server.graphql('{ note { id } }', { headers: asAnn }), {
      data: { note: [{ id: 1 }] },
    });
    const other = { ...claimed, 'x-hasura-user-id': '00000000-0000-4000-8000-00000000000b' };
    assert.deepEqual(await server.graphql('{ note { id } }', { headers: { ...other, ...asAnn } }), {
      data: { note: [{ id: 1 }] },
    });
  });

  it('is the administrator by the admin secret alone, not by a token that says so', async () => {
    for (const claims of [
      { role: 'admin' },
      { 'x-hasura-allowed-roles': ['admin'], 'x-hasura-default-role': 'admin' },
      {
        role: 'app_user',
        'x-hasura-allowed-roles': ['app_user', 'admin'],
        'x-hasura-default-role': 'app_user',
      },
    ]) {
      const headers = { ...signed(claims), 'x-hasura-role': 'admin' };
      const refusal = {
        code: 'access-denied',
        error: 'role "admin" is that of the admin secret alone',
        path: '$',
      };
      assert.deepEqual(await server.graphql('{ note { id } }', { headers }), {
        errors: [{ message: refusal.error, extensions: { path: '$', code: refusal.code } }],
      });
      for (const path of ['/v1/metadata', '/v2/query']) {
        const command = { type: 'export_metadata', version: 2, args: {} };
        const { status, body } = await server.post(path, command, headers);
        assert.deepEqual({ status, body }, { status: 400, body: refusal });
      }
    }
    const { status } = await server.post(
      '/v1/metadata',
      { type: 'export_metadata', args: {} },
      { 'x-hasura-admin-secret': adminSecret },
    );
    assert.equal(status, 200);
  });

  it('comes under no account that logs in, nor under what is no role', async () => {
    for (const role of ['db_authenticator', 'hasura', 'none', '', 'web_anon\u0000x', 1, ['app_user'], null]) {
      const { status, body } = await server.post(
        '/v1/graphql',
        { query: '{ note { id } }' },
        signed({ role, sub: ann }),
      );
      const { errors } = body as { errors: { message: string; extensions: { code: string } }[] };
      assert.match(
        `${status} ${errors[0]!.extensions.code} ${errors[0]!.message}`,
        /^200 (?:access-denied role "[\s\S]*" does not exist|permission-denied permission denied to set role "hasura")$/,
        JSON.stringify(role),
      );
    }
  });

  it('is a visitor by a token that names no role, with its other claims', async () => {
    const { data } = (await server.graphql('{ me { uid role } note { id } }', {
      headers: signed({ sub: ann }),
    })) as { data: unknown };
    assert.deepEqual(data, { me: [{ uid: ann, role: 'web_anon' }], note: [{ id: 1 }] });
  });

  it('may be given no role of the administrator, nor come to a server that has none', async () => {
    const start = (env: Record<string, string>) => startGraphql({}, env);
    await assert.rejects(
      start({ PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls', HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'admin' }),
      /HASURA_GRAPHQL_UNAUTHORIZED_ROLE/,
    );
    await assert.rejects(
      start({ PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls', HASURA_GRAPHQL_ADMIN_SECRET: '' }),
      /HASURA_GRAPHQL_ADMIN_SECRET/,
    );
    await assert.rejects(start({ HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon' }), /UNAUTHORIZED_ROLE/);
  });
});

describe('who has shown no token, where permissions of the metadata decide', () => {
  let server: GraphqlServer;
  const start = async (env: Record<string, string> = {}) => {
    server = await startGraphql(
      {
        sql: `create table note (id int primary key, owner uuid, share text);
          insert into note values (1, '${ann}', 'abc')`,
      },
      { HASURA_GRAPHQL_ADMIN_SECRET: adminSecret, HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'visitor', ...env },
    );
    const secret = { 'x-hasura-admin-secret': adminSecret };
    const command = async (type: string, args: unknown) =>
      assert.equal((await server.post('/v1/metadata', { type, args }, secret)).status, 200);
    await command('pg_track_table', { table: 'note' });
    const filter = { _or: [{ owner: 'X-Hasura-User-Id' }, { share: 'X-Hasura-Share' }] };
    await command('pg_create_select_permission', {
      table: 'note',
      role: 'visitor',
      permission: { columns: ['id'], filter },
    });
  };
  after(() => server.stop());
  const headers = { ...claimed, 'x-hasura-share': 'abc' };

  it('brings no session variables', async () => {
    await start();
    assert.deepEqual(await server.graphql('{ note { id } }', { headers }), {
      errors: [
        {
          message: 'missing session variable: "x-hasura-user-id"',
          extensions: { path: '$', code: 'not-found' },
        },
      ],
    });
    await server.stop();
  });

  it('chooses those that the settings name', async () => {
    await start({ PEAKSTONE_GRAPHQL_UNAUTHORIZED_VARIABLES: 'X-Hasura-Share, X-Hasura-User-Id' });
    assert.deepEqual(await server.graphql('{ note { id } }', { headers }), { data: { note: [{ id: 1 }] } });
    await assert.rejects(
      startGraphql({}, { PEAKSTONE_GRAPHQL_UNAUTHORIZED_VARIABLES: 'x-hasura-role' }),
      /UNAUTHORIZED_VARIABLES/,
    );
  });
});
