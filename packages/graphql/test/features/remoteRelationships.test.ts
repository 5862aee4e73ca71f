import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildSchema, graphql } from 'graphql';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { subscribe, transportClient } from '../support/sockets.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const schema = buildSchema(`
  scalar Any
  enum Mood { GLAD SAD }
  input Range { from: Int to: Int }
  type City { id: ID! name: String! author_id: Int mood: Mood population(in: Range, year: Int): Int guests(names: [String]): [String] }
  type Query { city(id: ID!): City cities(ids: [ID!]!): [City] byMood(mood: Mood!): [City] echo(value: Any): Any }`);
const cities = [
  { id: '1', name: 'Bern', author_id: 2, mood: 'GLAD' },
  { id: '2', name: 'Linz', author_id: null, mood: 'SAD' },
].map(city => ({
  ...city,
  population: ({ in: range, year }: { in?: { from?: number; to?: number }; year?: number }) =>
    (range?.from ?? 0) + (range?.to ?? 0) + (year ?? 0),
  guests: ({ names }: { names?: string[] }) => names ?? [],
}));
const root = {
  city: ({ id }: { id: string }) => {
    if (id === '9') throw new Error('no such city');
    return cities.find(city => city.id === id);
  },
  cities: ({ ids }: { ids: string[] }) => cities.filter(({ id }) => ids.includes(id)),
  byMood: ({ mood }: { mood: string }) => cities.filter(city => city.mood === mood),
  echo: ({ value }: { value: unknown }) => value,
};

describe('relationships that leave the source', () => {
  let server: GraphqlServer;
  let remote: Webhook;
  const admin = { 'x-hasura-admin-secret': 'secret' };
  const as = (role: string) => ({ headers: { ...admin, 'x-hasura-role': role } });
  const metadata = (type: string, args: unknown) => server.post('/v1/metadata', { type, args }, admin);
  const command = async (type: string, args: unknown): Promise<void> => {
    const { status, text } = await metadata(type, args);
    assert.equal(status, 200, text);
  };
  const join = (table: string, name: string, lhs_fields: string[], remote_field: object) => ({
    table,
    name,
    definition: { to_remote_schema: { remote_schema: 'cities', lhs_fields, remote_field } },
  });

  before(async () => {
    remote = await startWebhook();
    remote.answer(async ({ body }) => ({
      body: await graphql({ schema, rootValue: root, source: body.query, variableValues: body.variables }),
    }));
    server = await startGraphql(
      {
        sql: `create table author (id int primary key, name text not null, city_id int, mood text, notes jsonb);
          insert into author values (1, 'Ann', 1, 'GLAD', null), (2, 'Bob', 1, 'SAD', null), (3, 'Cid', null, null, '{"a": {"b": 1}}');
          create table book (id int primary key, title text, author_id int references author, place int);
          insert into book values (1, 'One', 1, 2), (2, 'Two', 1, 1), (3, 'Three', 2, 9);`,
      },
      {
        REMOTE: remote.url,
        HASURA_GRAPHQL_ADMIN_SECRET: 'secret',
        HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: 'true',
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '50',
      },
      { listens: true },
    );
    for (const table of ['author', 'book']) await command('pg_track_table', { table });
    await command('pg_create_array_relationship', {
      table: 'author',
      name: 'books',
      using: { foreign_key_constraint_on: { table: 'book', column: 'author_id' } },
    });
    await command('add_remote_schema', { name: 'cities', definition: { url_from_env: 'REMOTE' } });
    await command(
      'pg_create_remote_relationship',
      join('author', 'city', ['city_id'], { city: { arguments: { id: '$city_id' } } }),
    );
    await command(
      'pg_create_remote_relationship',
      join('author', 'population', ['id', 'city_id'], {
        city: {
          arguments: { id: '$city_id' },
          field: { population: { arguments: { in: { from: '$id' } } } },
        },
      }),
    );
    await command(
      'pg_create_remote_relationship',
      join('author', 'alike', ['mood'], { byMood: { arguments: { mood: '$mood' } } }),
    );
    await command(
      'pg_create_remote_relationship',
      join('author', 'echoed', ['notes'], { echo: { arguments: { value: '$notes' } } }),
    );
    await command(
      'pg_create_remote_relationship',
      join('book', 'city', ['place'], { city: { arguments: { id: '$place' } } }),
    );
    for (const [name, definition] of Object.entries({
      mayor: {
        source: 'default',
        table: 'author',
        relationship_type: 'object',
        field_mapping: { author_id: 'id' },
      },
      inhabitants: {
        source: 'default',
        table: 'author',
        relationship_type: 'array',
        field_mapping: { id: 'city_id' },
      },
    }))
      await command('create_remote_schema_remote_relationship', {
        remote_schema: 'cities',
        type_name: 'City',
        name,
        definition: { to_source: definition },
      });
    await command('create_remote_schema_remote_relationship', {
      remote_schema: 'cities',
      type_name: 'City',
      name: 'itself',
      definition: {
        to_remote_schema: {
          remote_schema: 'cities',
          lhs_fields: ['id'],
          remote_field: { cities: { arguments: { ids: ['$id'] } } },
        },
      },
    });
  });
  after(async () => {
    await server.stop();
    await remote.stop();
  });

  it('lead from rows to a remote schema, which is asked once for all of them', async () => {
    const before = remote.received.length;
    assert.deepEqual(
      await server.graphql('{ author(order_by: {id: asc}) { n: name home: city { name } } }', as('admin')),
      {
        data: {
          author: [
            { n: 'Ann', home: { name: 'Bern' } },
            { n: 'Bob', home: { name: 'Bern' } },
            { n: 'Cid', home: null },
          ],
        },
      },
    );
    assert.equal(remote.received.length, before + 1);
    assert.equal(remote.received.at(-1)!.body.query.match(/city\(id: 1\)/g).length, 1);
  });

  it('keep the order of the fields, and go through what is nested, aggregated and written', async () => {
    const answer = async (query: string) => JSON.stringify(await server.graphql(query, as('admin')));
    assert.equal(
      await answer(
        '{ author_by_pk(id: 1) { city { name } name books(order_by: {id: asc}) { city { name } id } books_aggregate(where: {id: {_eq: 2}}) { nodes { city { name } } aggregate { count } } } }',
      ),
      '{"data":{"author_by_pk":{"city":{"name":"Bern"},"name":"Ann","books":[{"city":{"name":"Linz"},"id":1},{"city":{"name":"Bern"},"id":2}],"books_aggregate":{"nodes":[{"city":{"name":"Bern"}}],"aggregate":{"count":1}}}}}',
    );
    assert.equal(
      await answer(
        'mutation { insert_author_one(object: {id: 4, name: "Dee", city_id: 2}) { city { name } id } delete_author(where: {id: {_eq: 4}}) { returning { id city { name } } affected_rows } }',
      ),
      '{"data":{"insert_author_one":{"city":{"name":"Linz"},"id":4},"delete_author":{"returning":[{"id":4,"city":{"name":"Linz"}}],"affected_rows":1}}}',
    );
  });

  it('leave the client what of the arguments they do not give', async () => {
    const query = `query ($range: Range_remote_rel_authorpopulation!) {
      author(where: {id: {_eq: 2}}) { population(in: $range, year: 2000) } }`;
    const variables = { range: { to: 30 } };
    assert.deepEqual(await server.graphql(query, { ...as('admin'), variables }), {
      data: { author: [{ population: 2032 }] },
    });
    assert.match(
      JSON.stringify(await server.graphql('{ author { population(in: {from: 1}) } }', as('admin'))),
      /field 'from' not found in type: 'Range_remote_rel_authorpopulation'/,
    );
  });

  it('lead from a remote schema to rows, and on to remote schemas', async () => {
    assert.deepEqual(
      await server.graphql(
        '{ city(id: "1") { name mayor { name city { id itself { name } } } inhabitants(order_by: {id: desc}) { name } inhabitants_aggregate { aggregate { count } } itself { id } } }',
        as('admin'),
      ),
      {
        data: {
          city: {
            name: 'Bern',
            mayor: { name: 'Bob', city: { id: '1', itself: [{ name: 'Bern' }] } },
            inhabitants: [{ name: 'Bob' }, { name: 'Ann' }],
            inhabitants_aggregate: { aggregate: { count: 2 } },
            itself: [{ id: '1' }],
          },
        },
      },
    );
    assert.deepEqual(
      await server.graphql('{ city(id: "2") { mayor { name } inhabitants { name } } }', as('admin')),
      {
        data: { city: { mayor: null, inhabitants: [] } },
      },
    );
  });

  it('hand values on as values, whatever stands in them', async () => {
    assert.deepEqual(
      await server.graphql('{ author(where: {id: {_eq: 1}}) { alike { name } } }', as('admin')),
      {
        data: { author: [{ alike: [{ name: 'Bern' }] }] },
      },
    );
    assert.deepEqual(await server.graphql('{ author(where: {id: {_eq: 3}}) { echoed } }', as('admin')), {
      data: { author: [{ echoed: { a: { b: 1 } } }] },
    });
    for (const [column, value] of [
      ['mood', "'GLAD) { name } city(id: 2'"],
      ['notes', `'{"a: 1}) x: echo(value: {b": 1}'`],
    ] as const) {
      await server.database.pool.script(`update author set ${column} = ${value} where id = 3`);
      const before = remote.received.length;
      const field = column === 'mood' ? 'alike { name }' : 'echoed';
      assert.match(
        JSON.stringify(await server.graphql(`{ author(where: {id: {_eq: 3}}) { ${field} } }`, as('admin'))),
        /"code":"validation-failed"/,
      );
      assert.equal(remote.received.length, before);
    }
    const query = 'query ($value: Any) { echo(value: $value) }';
    const injected = { value: { 'a: 1}) { secret } #': 1 } };
    assert.match(
      JSON.stringify(await server.graphql(query, { ...as('admin'), variables: injected })),
      /object with key .*, which is not a legal GraphQL name/,
    );
  });

  it('tell what the remote schema has against it', async () => {
    const answer = (await server.graphql(
      '{ book(where: {id: {_eq: 3}}) { city { name } } }',
      as('admin'),
    )) as {
      errors: { message: string; extensions: { code: string } }[];
    };
    assert.equal(answer.errors[0]!.message, 'Errors from remote server');
    assert.equal(answer.errors[0]!.extensions.code, 'unexpected');
  });

  it('are there for a role that may see both of their ends', async () => {
    const of = (columns: string[]) => ({
      table: 'author',
      role: 'user',
      permission: { columns, filter: {} },
    });
    const ask = async () =>
      JSON.stringify(await server.graphql('{ author(where: {id: {_eq: 1}}) { city { name } } }', as('user')));
    await command('pg_create_select_permission', of(['id', 'city_id']));
    assert.match(await ask(), /field 'city' not found in type: 'author'/);
    await command('add_remote_schema_permissions', {
      remote_schema: 'cities',
      role: 'user',
      definition: { schema: 'type City { id: ID! name: String! } type Query { city(id: ID!): City }' },
    });
    assert.equal(await ask(), '{"data":{"author":[{"city":{"name":"Bern"}}]}}');
    await command('pg_drop_select_permission', { table: 'author', role: 'user' });
    await command('pg_create_select_permission', of(['id']));
    assert.match(await ask(), /field 'city' not found in type: 'author'/);
  });

  it('come with a subscription', async () => {
    const client = transportClient(server.service.port, admin);
    const live = subscribe(client, 'subscription { author(where: {id: {_eq: 2}}) { name city { name } } }');
    assert.deepEqual(await live.next(), { data: { author: [{ name: 'Bob', city: { name: 'Bern' } }] } });
    await server.database.pool.script('update author set city_id = 2 where id = 2');
    assert.deepEqual(await live.next(), { data: { author: [{ name: 'Bob', city: { name: 'Linz' } }] } });
    await live.end();
    await client.dispose();
    await server.database.pool.script('update author set city_id = 1 where id = 2');
  });

  it('keep what they lead to from being dropped, and follow renames', async () => {
    const refused = await metadata('remove_remote_schema', { name: 'cities' });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /cannot drop due to the following dependent objects: .*author\.city/);
    await command('pg_set_table_customization', { table: 'author', configuration: {} });
    const sql = 'alter table author rename column city_id to town_id';
    assert.equal((await server.post('/v2/query', { type: 'run_sql', args: { sql } }, admin)).status, 200);
    assert.deepEqual(
      await server.graphql(
        '{ author_by_pk(id: 1) { town_id city { name inhabitants_aggregate { aggregate { count } } } } }',
        as('admin'),
      ),
      {
        data: {
          author_by_pk: {
            town_id: 1,
            city: { name: 'Bern', inhabitants_aggregate: { aggregate: { count: 2 } } },
          },
        },
      },
    );
    const back = 'alter table author rename column town_id to city_id';
    assert.equal(
      (await server.post('/v2/query', { type: 'run_sql', args: { sql: back } }, admin)).status,
      200,
    );
    assert.equal(
      (await metadata('get_inconsistent_metadata', {})).text,
      '{"is_consistent":true,"inconsistent_objects":[]}',
    );
  });

  it('are refused when they name what is not there, and go when they are told to', async () => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [
        join('author', 'x', ['nothing'], { city: { arguments: { id: '$nothing' } } }),
        /field \\"nothing\\" does not exist/,
      ],
      [
        join('author', 'x', ['id'], { town: { arguments: {} } }),
        /field with name \\"town\\" not found in remote schema/,
      ],
      [
        join('author', 'x', ['id'], { city: { arguments: { no: '$id' } } }),
        /argument with name \\"no\\" not found/,
      ],
      [
        join('author', 'x', ['id'], { city: { arguments: { id: '$name' } } }),
        /variable \\"\$name\\" not found/,
      ],
      [join('author', 'x', ['id'], { byMood: { arguments: { mood: 'ODD' } } }), /expected type \\"Mood\\"/],
      [join('author', 'name', ['id'], { city: { arguments: { id: '$id' } } }), /already exists/],
    ];
    for (const [args, message] of wrong) {
      const { status, text } = await metadata('pg_create_remote_relationship', args);
      assert.equal(status, 400);
      assert.match(text, message);
    }
    await command('pg_delete_remote_relationship', { table: 'author', name: 'alike' });
    await command('delete_remote_schema_remote_relationship', {
      remote_schema: 'cities',
      type_name: 'City',
      name: 'itself',
    });
    assert.match(
      JSON.stringify(await server.graphql('{ author { alike { name } } }', as('admin'))),
      /field 'alike' not found/,
    );
    const { text } = await metadata('export_metadata', {});
    assert.doesNotMatch(text, /alike|itself/);
    assert.match(text, /"to_source":\{"source":"default","table":"author"/);
  });
});
