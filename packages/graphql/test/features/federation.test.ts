import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildSchema } from 'graphql';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('Apollo Federation', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        sql: `create table person (id int primary key, name text, secret text);
              create table place (country text, code int, name text, primary key (country, code));
              insert into person values (1, 'Ann', 'canary'), (2, 'Bob', 'other');
              insert into place values ('de', 1, 'Berlin')`,
      },
      { HASURA_GRAPHQL_ENABLE_APOLLO_FEDERATION: 'true' },
    );
    await server.metadata('bulk', [
      { type: 'pg_track_table', args: { table: 'person', apollo_federation_config: { enable: 'v1' } } },
      { type: 'pg_track_table', args: { table: 'place', apollo_federation_config: { enable: 'v1' } } },
      {
        type: 'pg_create_select_permission',
        args: {
          table: 'person',
          role: 'user',
          permission: { columns: ['id', 'name'], filter: { id: { _eq: 'X-Hasura-User-Id' } } },
        },
      },
    ]);
  });
  after(() => server.stop());

  const entities = `query ($of: [_Any!]!) { _entities(representations: $of) {
    __typename ... on person { name } ... on place { name code } } }`;

  it('gives rows by their keys, in the order asked for, and null for one that is not there', async () => {
    const of = [
      { __typename: 'place', country: 'de', code: 1 },
      { __typename: 'person', id: 2 },
      { __typename: 'person', id: 9 },
    ];
    const expected = {
      data: {
        _entities: [
          { __typename: 'place', name: 'Berlin', code: 1 },
          { __typename: 'person', name: 'Bob' },
          null,
        ],
      },
    };
    assert.deepEqual(await server.graphql(entities, { variables: { of } }), expected);
    // The same plan with other keys.
    const other = [of[0], { ...of[1], id: 1 }, of[2]];
    assert.match(JSON.stringify(await server.graphql(entities, { variables: { of: other } })), /"Ann"/);
  });

  it('keeps to what the role may see', async () => {
    const query = entities.replace('... on place { name code }', '');
    const of = [
      { __typename: 'person', id: 1 },
      { __typename: 'person', id: 2 },
    ];
    assert.deepEqual(
      await server.graphql(query, { variables: { of }, role: 'user', headers: { 'x-hasura-user-id': '2' } }),
      { data: { _entities: [null, { __typename: 'person', name: 'Bob' }] } },
    );
  });

  it('says what represents nothing', async () => {
    const refusal = async (of: unknown) =>
      ((await server.graphql(entities, { variables: { of } })) as { errors: [{ message: string }] }).errors[0]
        .message;
    assert.equal(await refusal([{ __typename: 'person' }]), 'cannot find id in _Any type');
    assert.equal(await refusal([{ id: 1 }]), '__typename key not found');
    assert.equal(await refusal(['x']), 'representations is expecting a list of objects only');
    assert.match(await refusal([{ __typename: 'gone', id: 1 }]), /^gone is not found in selection set/);
  });

  it('tells its schema with the keys, without what the role does not see', async () => {
    const { data } = (await server.graphql('{ _service { sdl } }')) as {
      data: { _service: { sdl: string } };
    };
    assert.match(data._service.sdl, /type place @key\(fields: "country code"\) \{/);
    buildSchema(`directive @key(fields: String!) on OBJECT\n${data._service.sdl}`);
    const { data: seen } = (await server.graphql('{ _service { sdl } }', { role: 'user' })) as typeof data & {
      data: { _service: { sdl: string } };
    };
    assert.doesNotMatch(seen._service.sdl, /secret|place/);
    await server.metadata('pg_set_apollo_federation_config', {
      table: 'place',
      apollo_federation_config: null,
    });
    const after = JSON.stringify(await server.graphql('{ _service { sdl } }'));
    assert.doesNotMatch(after, /country code/);
  });
});
