import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

interface Content {
  readonly content: {
    readonly 'application/json': {
      readonly schema: { readonly properties: Readonly<Record<string, { readonly items?: unknown }>> };
    };
  };
}

interface OpenApi {
  readonly info: { readonly description: string };
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters: readonly unknown[];
            readonly requestBody?: Content & { readonly required: boolean };
            readonly responses: { readonly 200: Content };
          }
        >
      >
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

describe('stored operations', () => {
  let server: GraphqlServer;
  let url: string;
  before(async () => {
    server = await startGraphql(
      {
        sql: "create table item (id int primary key, name text); insert into item values (1, 'One'), (2, 'Two')",
      },
      { HASURA_GRAPHQL_ENABLE_ALLOWLIST: 'true' },
      { listens: true },
    );
    url = `http://127.0.0.1:${server.service.port}/api/rest`;
    await server.metadata('pg_track_table', { table: 'item' });
    await server.metadata('pg_create_select_permission', {
      table: 'item',
      role: 'user',
      permission: { columns: '*', filter: {} },
    });
    const queries = [
      { name: 'one', query: 'query ($id: Int!) { item_by_pk(id: $id) { name } }' },
      {
        name: 'named',
        query: 'query Named($names: [String!]) { item(where: {name: {_in: $names}}) { id __typename } }',
      },
    ];
    await server.metadata('create_query_collection', { name: 'known', definition: { queries } });
    const endpoint = (name: string, path: string, methods: string[], query: string) =>
      server.metadata('create_rest_endpoint', {
        name,
        url: path,
        methods,
        definition: { query: { collection_name: 'known', query_name: query } },
      });
    await endpoint('one', 'items/:id', ['GET'], 'one');
    await endpoint('named', 'named/items/all', ['POST'], 'named');
  });
  after(() => server.stop());

  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(url + path, init);
    return [response.status, await response.json()];
  };

  it('are served at their paths, with variables of path, query and body', async () => {
    assert.deepEqual(await ask('/items/2'), [200, { item_by_pk: { name: 'Two' } }]);
    const body = JSON.stringify({ names: ['One'], unknown: true });
    assert.deepEqual(await ask('/named/items/all', { method: 'POST', body }), [
      200,
      { item: [{ id: 1, __typename: 'item' }] },
    ]);
    assert.deepEqual(await ask('/named/items/all?names=%5B%22Two%22%5D', { method: 'POST' }), [
      200,
      { item: [{ id: 2, __typename: 'item' }] },
    ]);
  });

  it('tell what is wrong with a status', async () => {
    assert.deepEqual(await ask('/items/x'), [
      400,
      {
        path: '$',
        error: 'invalid input syntax for type integer: "x"',
        code: 'data-exception',
      },
    ]);
    assert.deepEqual(await ask('/nothing'), [
      404,
      { path: '$', error: 'Endpoint not found', code: 'not-found' },
    ]);
    assert.deepEqual(await ask('/items/1', { method: 'PUT' }), [
      405,
      { path: '$', error: 'Allowed methods: GET', code: 'method-not-allowed' },
    ]);
    assert.equal(((await ask('/named/items/all', { method: 'POST', body: '[' })) as unknown[])[0], 400);
    assert.equal(((await ask('/%zz')) as unknown[])[0], 400);
  });

  it('are described to the administrator in OpenAPI, with what of them does not fit the schema', async () => {
    const queries = [
      {
        name: 'search',
        query:
          'query ($where: item_bool_exp!, $limit: Int = 5) { found: item(where: $where, limit: $limit) { ...Names nothing } } fragment Names on item { id label: name }',
      },
    ];
    await server.metadata('create_query_collection', { name: 'more', definition: { queries } });
    const definition = { query: { collection_name: 'more', query_name: 'search' } };
    const args = { name: 'search', url: 'search/:limit', methods: ['GET', 'POST'], definition };
    await server.metadata('create_rest_endpoint', args);
    const response = await fetch(`http://127.0.0.1:${server.service.port}/api/swagger/json`);
    const { paths, components, info } = (await response.json()) as OpenApi;
    assert.equal(response.status, 200);
    assert.deepEqual(Object.keys(paths), [
      '/api/rest/items/{id}',
      '/api/rest/named/items/all',
      '/api/rest/search/{limit}',
    ]);
    const { get, post } = paths['/api/rest/search/{limit}']!;
    assert.ok(get && post?.requestBody);
    assert.equal(get.requestBody, undefined);
    assert.deepEqual(post.parameters.slice(1), [
      {
        name: 'limit',
        description: '_"limit" is required as part of the path_',
        in: 'path',
        required: true,
        schema: { type: 'integer', default: 5 },
      },
    ]);
    assert.deepEqual(post.requestBody.content['application/json'].schema.properties, {
      where: { $ref: '#/components/schemas/item_bool_exp!' },
      limit: { title: 'Int', nullable: true, type: 'integer', default: 5 },
    });
    assert.equal(post.requestBody.required, true);
    assert.deepEqual(post.responses[200].content['application/json'].schema.properties.found!.items, {
      title: 'item',
      description: 'columns and relationships of "item"',
      type: 'object',
      nullable: false,
      properties: {
        id: { title: 'Int', nullable: false, type: 'integer' },
        label: { title: 'String', nullable: true, type: 'string' },
      },
    });
    assert.deepEqual(Object.keys(components.schemas).sort(), [
      'Int_comparison_exp',
      'String_comparison_exp',
      'item_bool_exp',
      'item_bool_exp!',
    ]);
    assert.match(
      info.description,
      /\n\nEndpoint "search":\n- ⚠️ \$\.item\.nothing: field 'nothing' not found in object 'item'$/,
    );
    await server.metadata('drop_rest_endpoint', { name: 'search' });
  });

  it('may not be ambiguous', async () => {
    const { status, body } = await server.post('/v1/metadata', {
      type: 'create_rest_endpoint',
      args: {
        name: 'other',
        url: ':any/1',
        methods: ['GET'],
        definition: { query: { collection_name: 'known', query_name: 'one' } },
      },
    });
    assert.equal(status, 400);
    assert.equal((body as { error: string }).error, 'Ambiguous URL paths: :any/1, items/:id');
  });

  it('are all that a role may ask where there is an allow list, however they are written', async () => {
    const query = 'query Other($names: [String!]) { item( where: {name: {_in: $names}} ) { __typename id } }';
    const asUser = { role: 'user', variables: { names: ['One'] } };
    const refused = {
      errors: [{ message: 'query is not allowed', extensions: { path: '$', code: 'validation-failed' } }],
    };
    assert.deepEqual(await server.graphql(query, asUser), refused);
    await server.metadata('add_collection_to_allowlist', {
      collection: 'known',
      scope: { global: false, roles: ['user'] },
    });
    assert.deepEqual(await server.graphql(query, asUser), {
      data: { item: [{ __typename: 'item', id: 1 }] },
    });
    assert.deepEqual(await server.graphql(query, { ...asUser, role: 'other' }), refused);
    assert.deepEqual(await server.graphql('{ item { name } }', { role: 'user' }), refused);
    assert.deepEqual(await server.graphql('{ item(where: {id: {_eq: 1}}) { name } }'), {
      data: { item: [{ name: 'One' }] },
    });
  });
});
