import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildSchema, graphql } from 'graphql';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const schema = buildSchema(`
  enum Kind { plain secret }
  input Range { from: Int to: Int }
  input Filter { owner: String! kind: Kind range: Range }
  type Secret { code: String }
  type Person { id: Int name: String secret: Secret notes(owner: Int!, limit: Int): String }
  type Query { person(id: Int!): Person all(filter: Filter): String hidden: String }
  type Mutation { save(id: Int!): Person }`);
const show = (args: unknown) => JSON.stringify(args);
const rootValue = {
  person: ({ id }: { id: number }) => ({ id, name: `n${id}`, notes: show, secret: { code: 'canary' } }),
  all: show,
  hidden: () => 'canary',
  save: ({ id }: { id: number }) => ({ id }),
};

describe('permissions of remote schemas', () => {
  let server: GraphqlServer;
  let remote: Webhook;
  before(async () => {
    remote = await startWebhook();
    remote.answer(async ({ body }) => ({
      body: await graphql({ schema, source: body.query, variableValues: body.variables, rootValue }),
    }));
    server = await startGraphql({}, { HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: 'true' });
    await server.metadata('add_remote_schema', { name: 'people', definition: { url: remote.url } });
    await allow('reader', 'type Person { id: Int } type Query { person(id: Int!): Person }');
    await allow('same', 'type Query { person(id: Int!): Person } type Person { id: Int }');
    await allow(
      'owner',
      `enum Kind { plain }
       input Range { from: Int @preset(value: 1) to: Int @preset(value: 9) }
       input Filter { owner: String! @preset(value: "x-hasura-name") kind: Kind range: Range }
       type Person { name: String notes(owner: Int! @preset(value: "x-hasura-user-id"), limit: Int): String }
       type Query { person(id: Int! @preset(value: "X-Hasura-User-Id")): Person all(filter: Filter): String }`,
    );
    await server.metadata('add_inherited_role', { role_name: 'both', role_set: ['reader', 'same'] });
  });
  after(async () => {
    await server.stop();
    await remote.stop();
  });

  const definition = (sdl: string, role: string) => ({
    remote_schema: 'people',
    role,
    definition: { schema: sdl },
  });
  const allow = (role: string, sdl: string) =>
    server.metadata('add_remote_schema_permissions', definition(sdl, role));
  const ask = (query: string, role: string, headers = {}, variables = {}) =>
    server.graphql(query, { role, headers, variables });
  const fails = async (answer: Promise<unknown>, message: string, code = 'validation-failed') => {
    const { errors } = (await answer) as { errors: { message: string; extensions: { code: string } }[] };
    assert.deepEqual([errors[0]!.message, errors[0]!.extensions.code], [message, code]);
  };

  it('show a role its part and nothing else, to introspection neither', async () => {
    assert.deepEqual(await ask('{ person(id: 2) { id __typename } }', 'reader'), {
      data: { person: { id: 2, __typename: 'Person' } },
    });
    await fails(
      ask('{ person(id: 2) { secret { code } } }', 'reader'),
      "field 'secret' not found in type: 'Person'",
    );
    await fails(ask('{ hidden }', 'reader'), "field 'hidden' not found in type: 'query_root'");
    await fails(ask('{ person(id: 1) { id } }', 'nobody'), "field 'person' not found in type: 'query_root'");
    await fails(ask('mutation { save(id: 1) { id } }', 'reader'), 'no mutations exist');
    const answer = JSON.stringify(await ask('{ __schema { types { name fields { name } } } }', 'reader'));
    assert.doesNotMatch(answer, /secret|Secret|hidden|save/);
    assert.match(
      JSON.stringify(await ask('{ hidden person(id: 1) { secret { code } } }', 'admin')),
      /canary/,
    );
  });

  it('fix values that who asks neither sees nor changes, by the session as well', async () => {
    const session = { 'x-hasura-user-id': '7', 'x-hasura-name': 'x"}) { hidden } #' };
    assert.deepEqual(await ask('{ person { name notes(limit: 3) } }', 'owner', session), {
      data: { person: { name: 'n7', notes: '{"owner":7,"limit":3}' } },
    });
    await fails(ask('{ person(id: 1) { name } }', 'owner', session), "'person' has no argument named 'id'");
    const all = { owner: session['x-hasura-name'], kind: 'plain' };
    const variables = { filter: { kind: 'plain' } };
    for (const query of [
      '{ all(filter: {kind: plain}) }',
      'query ($filter: Filter) { all(filter: $filter) }',
    ]) {
      const answer = await ask(query, 'owner', session, query.includes('$') ? variables : {});
      const { filter } = JSON.parse((answer as { data: { all: string } }).data.all) as { filter: unknown };
      assert.deepEqual(filter, { ...all, range: { from: 1, to: 9 } });
    }
    await fails(
      ask('{ all(filter: {owner: "other"}) }', 'owner', session),
      "field 'owner' not found in type: 'Filter'",
    );
    await fails(
      ask('{ person { name } }', 'owner', { 'x-hasura-user-id': '7) { id } #' }),
      '"7) { id } #" cannot be coerced into an Int value',
      'coercion-error',
    );
    await fails(
      ask('{ person { name } }', 'owner'),
      'missing session variable: "x-hasura-user-id"',
      'not-found',
    );
  });

  it('are inherited where parents agree', async () => {
    assert.deepEqual(await ask('{ person(id: 2) { id } }', 'both'), { data: { person: { id: 2 } } });
    await server.metadata('add_inherited_role', { role_name: 'mixed', role_set: ['reader', 'owner'] });
    await fails(ask('{ person(id: 2) { id } }', 'mixed'), "field 'person' not found in type: 'query_root'");
    await server.metadata('drop_inherited_role', { role_name: 'mixed' });
  });

  it('may say nothing that the remote schema does not', async () => {
    const wrong: [sdl: string, reason: string][] = [
      [
        'type Query { person(id: Int): Person } type Person { id: Int }',
        'expected type of "id"("Input object argument") to be Int! but received Int',
      ],
      [
        'type Query { person: Person } type Person { id: Int }',
        'field: "person" expects the following non nullable arguments to be present: "id"',
      ],
      [
        'type Query { all: String nothing: String }',
        'field "nothing" does not exist in the "Object": "Query"',
      ],
      [
        'type Query { person(id: Int!): Person }',
        '"Query" refers to the type "Person", which is not defined',
      ],
      ['type Person { id: Int }', 'query root does not exist in the schema definition'],
      [
        'type Query { person(id: Int! @preset(value: {a: 1})): Person } type Person { id: Int }',
        'expected preset value "{a: 1}" of type "Int" to be a scalar value',
      ],
    ];
    for (const [sdl, reason] of wrong) {
      const args = definition(sdl, 'new');
      const { body } = await server.post('/v1/metadata', { type: 'add_remote_schema_permissions', args });
      const error = `validation for the given role-based schema failed because ${reason}`;
      assert.deepEqual(body, { path: '$.args', error, code: 'validation-failed' });
    }
    const { body } = await server.post('/v1/metadata', {
      type: 'add_remote_schema_permissions',
      args: definition('type Query {', 'new'),
    });
    assert.equal((body as { code: string }).code, 'parse-failed');
  });

  it('can be taken back', async () => {
    await server.metadata('drop_remote_schema_permissions', { remote_schema: 'people', role: 'owner' });
    await fails(ask('{ person { name } }', 'owner'), "field 'person' not found in type: 'query_root'");
  });
});
