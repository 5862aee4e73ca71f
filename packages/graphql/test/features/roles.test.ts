import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { connect, holdLock, WAIT_FOR_LOCK } from '@peakstone/testing';
import { adminSecret, type GraphqlServer, startGraphql } from '../support/server.ts';
import { subscribe, transportClient } from '../support/sockets.ts';

describe('settings that an administrator gave to a role', () => {
  // Roles are those of the whole server, which other tests use as well.
  const suffix = randomBytes(4).toString('hex');
  const [hurried, careful] = [`hurried_${suffix}`, `careful_${suffix}`];
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `
          create role ${hurried}; create role ${careful}; grant ${hurried}, ${careful} to db_authenticator;
          grant usage on schema public to ${hurried}, ${careful};
          create table item (id int primary key);
          insert into item values (1);
          grant select, insert on item to ${hurried}, ${careful};
          create function slow() returns setof item language sql volatile
            as 'select item.* from item, pg_sleep(case when id > 0 then 600 end)';
          create function slow_read() returns setof item language sql stable
            as 'select item.* from item, pg_sleep(case when id > 0 then 600 end)';
          create view told with (security_invoker) as select current_setting('statement_timeout') as timeout,
            current_setting('work_mem') as memory, current_setting('transaction_isolation') as isolation;
          grant select on told to ${hurried}, ${careful};
          create function tell() returns setof told language sql volatile as 'select * from told';
          alter role ${hurried} set statement_timeout = '250ms';
          alter role ${careful} set work_mem = '5MB';
          alter role ${careful} set default_transaction_isolation = 'repeatable read';`,
      },
      {
        PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
      },
      { listens: true },
    );
    await server.metadata('pg_track_function', {
      function: 'slow',
      configuration: { exposed_as: 'mutation' },
    });
    await server.metadata('pg_track_function', {
      function: 'tell',
      configuration: { exposed_as: 'mutation' },
    });
  });
  after(async () => {
    const superuser = connect(server.database.superuserUrl);
    await superuser.script(`drop owned by ${hurried}, ${careful}; drop role ${hurried}, ${careful}`);
    await superuser.close();
    await server.stop();
  });

  const cancelled = {
    errors: [
      {
        message: 'canceling statement due to statement timeout',
        extensions: { path: '$', code: 'timeout' },
      },
    ],
  };

  it('end what takes too long: queries, mutations, batches and subscriptions', async () => {
    const asVisitor = { role: hurried };
    assert.deepEqual(await server.graphql('{ slow_read { id } }', asVisitor), cancelled);
    assert.deepEqual(await server.graphql('mutation { slow { id } }', asVisitor), cancelled);
    const headers = { 'x-hasura-admin-secret': adminSecret, 'x-hasura-role': hurried };
    const client = transportClient(server.service.port, headers);
    const live = subscribe(client, 'subscription { slow_read { id } }');
    await assert.rejects(live.next(), error => {
      assert.deepEqual(error, cancelled.errors);
      return true;
    });
    await client.dispose();
  });

  it('hold for each of its transactions, and no other role’s', async () => {
    const told = async (query: string, role: string) => {
      const { data } = (await server.graphql(query, { role })) as { data: Record<string, unknown[]> };
      return Object.values(data)[0]![0];
    };
    for (const query of [
      '{ told { timeout memory isolation } }',
      'mutation { tell { timeout memory isolation } }',
    ]) {
      assert.deepEqual(await told(query, careful), {
        timeout: '0',
        memory: '5MB',
        isolation: 'repeatable read',
      });
      assert.deepEqual(await told(query, hurried), {
        timeout: '250ms',
        memory: '4MB',
        isolation: 'read committed',
      });
    }
  });
});

describe('one user’s slow requests', () => {
  const jwtSecret = 'a key that has at least thirty-two bytes';
  const asUser = { authorization: `Bearer ${signJwt({ role: 'app_user', sub: 'ann' }, jwtSecret)}` };

  it('leave connections to others, however many they are', async () => {
    const server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `create table item (id int primary key); insert into item values (1);
          grant select on item to web_anon, app_user;
          create function slow() returns setof item language sql stable
            begin atomic ${WAIT_FOR_LOCK}; select * from item; end`,
      },
      {
        PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
        HASURA_GRAPHQL_PG_POOL_TIMEOUT: '60',
        HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: jwtSecret }),
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon',
      },
    );
    const lock = await holdLock(server.database);
    const slow = Array.from({ length: 12 }, (_, i) => server.graphql(`{ slow(limit: ${i + 1}) { id } }`));
    try {
      await lock.waiting(2);
      // What nobody has asked before needs a connection to itself.
      const other = await server.graphql('{ item { id } }', { headers: asUser });
      assert.deepEqual(other, { data: { item: [{ id: 1 }] } });
      assert.equal(await lock.count(), 2);
    } finally {
      await lock.release();
    }
    for (const answer of await Promise.all(slow)) assert.deepEqual(answer, { data: { slow: [{ id: 1 }] } });
    await server.stop();
  });
});
