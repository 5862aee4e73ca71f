import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('names that a source is given', () => {
  let server: GraphqlServer;
  const configuration = { connection_info: { database_url: { from_env: 'HASURA_GRAPHQL_DATABASE_URL' } } };
  before(async () => {
    server = await startGraphql({
      sql: "create table author_detail (id int primary key, first_name text); insert into author_detail values (1, 'Ann')",
    });
    const add = (name: string, customization: unknown) =>
      server.metadata('pg_add_source', { name, configuration, customization });
    await add('apart', { root_fields: { namespace: 'apart', prefix: 'my_' }, type_names: { prefix: 'My_' } });
    await add('camel', {
      naming_convention: 'graphql-default',
      root_fields: { suffix: 'X' },
      type_names: { suffix: 'X' },
    });
    for (const source of ['apart', 'camel'])
      await server.metadata('pg_track_table', { source, table: 'author_detail' });
  });
  after(() => server.stop());

  it('stand under its namespace, with its prefixes', async () => {
    assert.deepEqual(
      await server.graphql('{ apart { __typename my_author_detail { __typename first_name } } }'),
      {
        data: {
          apart: {
            __typename: 'My_apart_query',
            my_author_detail: [{ __typename: 'My_author_detail', first_name: 'Ann' }],
          },
        },
      },
    );
    assert.deepEqual(
      await server.graphql(
        'mutation { apart { my_delete_author_detail(where: {id: {_eq: 7}}) { affected_rows } } }',
      ),
      {
        data: { apart: { my_delete_author_detail: { affected_rows: 0 } } },
      },
    );
  });

  it('follow the naming convention', async () => {
    assert.deepEqual(
      await server.graphql(
        '{ authorDetailX(orderBy: [{firstName: ASC}], where: {firstName: {_eq: "Ann"}}) { __typename firstName } authorDetailAggregateX { aggregate { count } } }',
      ),
      {
        data: {
          authorDetailX: [{ __typename: 'AuthorDetailX', firstName: 'Ann' }],
          authorDetailAggregateX: { aggregate: { count: 1 } },
        },
      },
    );
    assert.deepEqual(
      await server.graphql(
        'mutation { updateAuthorDetailByPkX(pkColumns: {id: 1}, _set: {firstName: "Bea"}) { firstName } }',
      ),
      { data: { updateAuthorDetailByPkX: { firstName: 'Bea' } } },
    );
  });
});
