import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, type SqlClient, until } from '@peakstone/testing';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('what another client changes in the database', () => {
  let server: GraphqlServer;
  let psql: SqlClient;
  before(async () => {
    server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: 'create table item (id int primary key); grant select on item to web_anon',
      },
      { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls' },
    );
    psql = connect(server.database.superuserUrl);
  });
  after(async () => {
    await psql.close();
    await server.stop();
  });
  const ask = async (query: string) => JSON.stringify(await server.graphql(query, { role: 'web_anon' }));

  it('is served without anybody asking for it: tables, columns, grants and what is taken away', async () => {
    assert.match(await ask('{ made { id } }'), /field 'made' not found/);
    await psql.script('create table made (id int primary key); grant select on made to web_anon');
    await until(async () => (await ask('{ made { id } }')) === '{"data":{"made":[]}}');
    await psql.script('alter table made add column name text');
    await until(async () => (await ask('{ made { name } }')) === '{"data":{"made":[]}}');
    await psql.script('grant insert on item to web_anon');
    await until(async () =>
      /"affected_rows" ?: ?1/.test(await ask('mutation { insert_item(objects: {id: 1}) { affected_rows } }')),
    );
    await psql.script('revoke all on made from web_anon');
    await until(async () => /field 'made' not found/.test(await ask('{ made { id } }')));
    await psql.script('drop table made');
  });

  it('is served when refresh settles', async () => {
    await psql.script('create table later (id int primary key); grant select on later to web_anon');
    await server.service.refresh();
    assert.equal(await ask('{ later { id } }'), '{"data":{"later":[]}}');
  });

  it('is never told of by name to who may see it no more', async () => {
    assert.equal(await ask('{ later { id } }'), '{"data":{"later":[]}}');
    await psql.script('set session_replication_role = replica; revoke all on later from web_anon');
    assert.match(await ask('{ later { id } }'), /field 'later' not found in type: 'query_root'/);
  });
});
