import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type GraphQLFieldConfig,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  graphql,
} from 'graphql';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const person = new GraphQLObjectType({
  name: 'Person',
  fields: { id: { type: GraphQLInt }, name: { type: GraphQLString } },
});
const byId: GraphQLFieldConfig<unknown, unknown> = {
  type: person,
  args: { id: { type: new GraphQLNonNull(GraphQLInt) } },
  resolve: (_, { id }) => {
    if (id === 0) throw new Error('nobody');
    return { id, name: `n${id}` };
  },
};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { person: byId } }),
  mutation: new GraphQLObjectType({ name: 'Mutation', fields: { save: byId } }),
});

describe('remote schemas', () => {
  let server: GraphqlServer;
  let remote: Webhook;
  before(async () => {
    remote = await startWebhook();
    remote.answer(async ({ body }) => ({
      body: await graphql({ schema, source: body.query, variableValues: body.variables }),
      headers: { 'set-cookie': 'a=b' },
    }));
    server = await startGraphql(
      { sql: 'create table note (id int primary key); insert into note values (1)' },
      { REMOTE: remote.url, HASURA_GRAPHQL_ADMIN_SECRET: 'secret', HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'user' },
    );
    await command('pg_track_table', { table: 'note' });
    await command('add_remote_schema', {
      name: 'people',
      definition: {
        url_from_env: 'REMOTE',
        forward_client_headers: true,
        headers: [{ name: 'x-own', value: '1' }],
      },
    });
  });
  after(async () => {
    await server.stop();
    await remote.stop();
  });

  const admin = { 'x-hasura-admin-secret': 'secret' };
  const metadata = (type: string, args: unknown) => server.post('/v1/metadata', { type, args }, admin);
  const command = async (type: string, args: unknown): Promise<void> => {
    const { status, text } = await metadata(type, args);
    assert.equal(status, 200, text);
  };
  const asAdmin = { headers: admin };

  it('answer beside tables, with variables and aliases', async () => {
    const query = 'query ($id: Int!) { note { id } p: person(id: $id) { n: name __typename } }';
    assert.deepEqual(await server.graphql(query, { ...asAdmin, variables: { id: 3 } }), {
      data: { note: [{ id: 1 }], p: { n: 'n3', __typename: 'Person' } },
    });
    const { headers } = remote.received.at(-1)!;
    assert.equal(headers['x-own'], '1');
    assert.equal(headers['x-hasura-role'], 'admin');
    assert.equal(headers['x-hasura-admin-secret'], undefined);
    assert.deepEqual(await server.graphql('mutation { save(id: 1) { id } }', asAdmin), {
      data: { save: { id: 1 } },
    });
  });

  it('have their errors handed on, and what they do not know refused', async () => {
    const failed = (await server.graphql('{ person(id: 0) { id } }', asAdmin)) as {
      data: unknown;
      errors: { message: string; path: unknown }[];
    };
    assert.equal(failed.data, null);
    assert.equal(failed.errors[0]!.message, 'nobody');
    assert.deepEqual(failed.errors[0]!.path, ['person']);
    assert.match(
      JSON.stringify(await server.graphql('{ person(id: 1) { age } }', asAdmin)),
      /field 'age' not found in type: 'Person'/,
    );
  });

  it('are served under the names that the metadata gives', async () => {
    await command('add_remote_schema', {
      name: 'renamed',
      definition: {
        url_from_env: 'REMOTE',
        customization: {
          root_fields_namespace: 'other',
          type_names: { prefix: 'O_' },
          field_names: [{ parent_type: 'Person', prefix: 'my_' }],
        },
      },
    });
    assert.deepEqual(await server.graphql('{ other { person(id: 2) { my_name __typename } } }', asAdmin), {
      data: { other: { person: { my_name: 'n2', __typename: 'O_Person' } } },
    });
    await command('remove_remote_schema', { name: 'renamed' });
  });

  it('are not taken when their fields are there already, or when nobody answers', async () => {
    const again = await metadata('add_remote_schema', {
      name: 'twice',
      definition: { url_from_env: 'REMOTE' },
    });
    assert.equal(again.status, 400);
    assert.match(again.text, /'save' defined in \[remote schema people, remote schema twice\]/);
    const nobody = await metadata('add_remote_schema', {
      name: 'nobody',
      definition: { url: 'http://127.0.0.1:9' },
    });
    assert.equal(nobody.status, 400);
    assert.match(nobody.text, /remote-schema-error/);
    assert.deepEqual(await server.graphql('{ note { id } }', asAdmin), { data: { note: [{ id: 1 }] } });
  });
});
