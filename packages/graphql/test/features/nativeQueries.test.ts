import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('native queries', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table article (id int primary key, title text, content text, author int);
            insert into article values (1, 'Dogs', 'I like to eat dog food', 7), (2, 'Cats', 'Short', 8)`,
    });
    await server.metadata('pg_track_table', { table: 'article' });
    await server.metadata('pg_track_logical_model', {
      name: 'excerpt',
      description: 'A part of an article',
      fields: [
        { name: 'id', type: { scalar: 'integer', nullable: false } },
        { name: 'title', type: { scalar: 'text', nullable: false }, description: 'Its title' },
        { name: 'excerpt', type: { scalar: 'text', nullable: true } },
      ],
    });
    await server.metadata('pg_track_native_query', {
      root_field_name: 'excerpts',
      returns: 'excerpt',
      arguments: { length: { type: 'integer', nullable: false }, least: { type: 'integer', nullable: true } },
      code: `select id, title, substring(content, 1, {{length}}) as excerpt from article
             where id >= coalesce({{least}}, 0) -- what is left`,
    });
  });
  after(() => server.stop());

  const refusal = async (type: string, args: unknown) =>
    (await server.post('/v1/metadata', { type, args })).body as { code: string; error: string };
  const message = async (query: string, options = {}) =>
    ((await server.graphql(query, options)) as { errors: [{ message: string }] }).errors[0].message;

  it('give the rows of their text, filtered, ordered and limited like a table’s', async () => {
    const query = `query ($n: Int!) {
      all: excerpts(args: {length: $n}, order_by: {id: desc}) { id excerpt }
      some: excerpts(args: {length: 2, least: 2}, where: {title: {_like: "C%"}}, limit: 1) { title excerpt }
    }`;
    for (const n of [6, 1]) {
      const part = (text: string): string => text.slice(0, n);
      assert.deepEqual(await server.graphql(query, { variables: { n } }), {
        data: {
          all: [
            { id: 2, excerpt: part('Short') },
            { id: 1, excerpt: part('I like to eat') },
          ],
          some: [{ title: 'Cats', excerpt: 'Sh' }],
        },
      });
    }
  });

  it('take each argument as a value, never as a part of the text', async () => {
    await server.metadata('pg_track_native_query', {
      root_field_name: 'titled',
      returns: { fields: [{ name: 'title', type: { scalar: 'text', nullable: false } }] },
      arguments: { title: { type: 'text' } },
      code: 'select title from article where title = {{title}};\n',
    });
    const injected = `' or '' = '`;
    assert.deepEqual(
      await server.graphql('query ($t: String!) { titled(args: {title: $t}) { title } }', {
        variables: { t: injected },
      }),
      {
        data: { titled: [] },
      },
    );
    assert.equal(await message('{ titled(args: {}) { title } }'), "missing required field 'title'");
    assert.equal(await message('{ titled { title } }'), "missing required field 'args'");
  });

  it('show a role the columns and rows of the logical model’s permission', async () => {
    assert.match(
      await message('{ excerpts(args: {length: 1}) { id } }', { role: 'user' }),
      /not found in type/,
    );
    await server.metadata('pg_create_logical_model_select_permission', {
      name: 'excerpt',
      role: 'user',
      permission: { columns: ['title'], filter: { id: { _eq: 'X-Hasura-Article-Id' } } },
    });
    const as = { role: 'user', headers: { 'x-hasura-article-id': '2' } };
    assert.deepEqual(await server.graphql('{ excerpts(args: {length: 1}) { title } }', as), {
      data: { excerpts: [{ title: 'Cats' }] },
    });
    assert.match(
      await message('{ excerpts(args: {length: 1}) { excerpt } }', as),
      /field 'excerpt' not found/,
    );
    assert.match(
      await message('{ excerpts(args: {length: 1}, order_by: {id: asc}) { title } }', as),
      /'id' not found/,
    );
  });

  it('lead to tables and to one another', async () => {
    await server.metadata('pg_track_native_query', {
      root_field_name: 'authors',
      returns: { fields: [{ name: 'id', type: { scalar: 'integer', nullable: false } }] },
      code: 'select 7 as id union select 8',
      array_relationships: [
        {
          name: 'articles',
          using: {
            manual_configuration: {
              remote_table: { schema: 'public', name: 'article' },
              column_mapping: { id: 'author' },
            },
          },
        },
      ],
      object_relationships: [
        {
          name: 'self',
          using: { manual_configuration: { remote_native_query: 'authors', column_mapping: { id: 'id' } } },
        },
      ],
    });
    assert.deepEqual(
      await server.graphql('{ authors(order_by: {id: asc}) { id articles { title } self { id } } }'),
      {
        data: {
          authors: [
            { id: 7, articles: [{ title: 'Dogs' }], self: { id: 7 } },
            { id: 8, articles: [{ title: 'Cats' }], self: { id: 8 } },
          ],
        },
      },
    );
  });

  it('are refused when the database refuses them, or when what they need is not there', async () => {
    const query = { root_field_name: 'wrong', returns: 'excerpt', code: 'select 1 as id' };
    assert.deepEqual(await refusal('pg_track_native_query', query).then(({ code, error }) => [code, error]), [
      'validation-failed',
      'Failed to validate query',
    ]);
    assert.match(
      (await refusal('pg_track_native_query', { ...query, code: 'select {{x}} as id' })).error,
      /are used in the query, but are not declared as arguments: 'x'/,
    );
    assert.match(
      (await refusal('pg_track_native_query', { ...query, returns: 'gone' })).error,
      /The logical model gone could not be found/,
    );
    assert.match(
      (await refusal('pg_untrack_logical_model', { name: 'excerpt' })).error,
      /dependent objects: native query excerpts in source "default"/,
    );
    assert.deepEqual(await server.metadata('get_inconsistent_metadata', {}), {
      is_consistent: true,
      inconsistent_objects: [],
    });
  });
});
