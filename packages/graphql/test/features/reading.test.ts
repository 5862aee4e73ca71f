import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

const library = `
  create table author (id int primary key, name text not null);
  create table article (id int primary key, title text, author_id int not null references author, is_published boolean not null default false);
  insert into author values (1, 'Ann'), (2, 'Bob'), (3, 'Cy');
  insert into article values (1, 'One', 1, true), (2, 'Two', 1, false), (3, 'Three', 2, true);`;

describe('reading tables with permissions of the metadata', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({ sql: library });
    for (const table of ['author', 'article']) await server.metadata('pg_track_table', { table });
    await server.metadata('pg_create_object_relationship', {
      table: 'article',
      name: 'author',
      using: { foreign_key_constraint_on: 'author_id' },
    });
    await server.metadata('pg_create_array_relationship', {
      table: 'author',
      name: 'articles',
      using: { foreign_key_constraint_on: { table: 'article', column: 'author_id' } },
    });
    await server.metadata('pg_create_select_permission', {
      table: 'article',
      role: 'user',
      permission: {
        columns: ['id', 'title'],
        filter: { _or: [{ is_published: true }, { author_id: 'X-Hasura-User-Id' }] },
      },
    });
  });
  after(() => server.stop());

  it('gives columns in the order in which they are asked for', async () => {
    assert.deepEqual(await server.graphql('{ author(order_by: {id: asc}) { name id } }'), {
      data: {
        author: [
          { name: 'Ann', id: 1 },
          { name: 'Bob', id: 2 },
          { name: 'Cy', id: 3 },
        ],
      },
    });
  });

  it('follows relationships, filtered, ordered and limited', async () => {
    const query = `query ($published: Boolean!) { author(order_by: {name: desc}, where: {articles: {is_published: {_eq: $published}}}) {
      name articles(limit: 1, order_by: {id: desc}) { title author { name } } articles_aggregate { aggregate { count max { id } } } } }`;
    for (let i = 0; i < 3; i++)
      assert.deepEqual(await server.graphql(query, { variables: { published: true } }), {
        data: {
          author: [
            {
              name: 'Bob',
              articles: [{ title: 'Three', author: { name: 'Bob' } }],
              articles_aggregate: { aggregate: { count: 1, max: { id: 3 } } },
            },
            {
              name: 'Ann',
              articles: [{ title: 'Two', author: { name: 'Ann' } }],
              articles_aggregate: { aggregate: { count: 2, max: { id: 2 } } },
            },
          ],
        },
      });
  });

  it('shows a role the rows and columns of its permission', async () => {
    const as = (id: string) => ({ role: 'user', headers: { 'x-hasura-user-id': id } });
    assert.deepEqual(await server.graphql('{ article(order_by: {id: asc}) { id } }', as('1')), {
      data: { article: [{ id: 1 }, { id: 2 }, { id: 3 }] },
    });
    assert.deepEqual(await server.graphql('{ article(order_by: {id: asc}) { id } }', as('2')), {
      data: { article: [{ id: 1 }, { id: 3 }] },
    });
    assert.deepEqual(await server.graphql('{ article { is_published } }', as('2')), {
      errors: [
        {
          message: "field 'is_published' not found in type: 'article'",
          extensions: { path: '$.selectionSet.article.selectionSet.is_published', code: 'validation-failed' },
        },
      ],
    });
  });

  it('refuses `_eq: null`, given or missing, rather than giving all rows', async () => {
    const refused = {
      errors: [
        {
          message: "unexpected null value for type 'Int'",
          extensions: { path: '$.selectionSet.author.args.where.id._eq', code: 'validation-failed' },
        },
      ],
    };
    const query = 'query ($id: Int) { author(where: {id: {_eq: $id}}) { id } }';
    assert.deepEqual(await server.graphql(query, { variables: { id: null } }), refused);
    assert.deepEqual(await server.graphql(query), refused);
  });
});

describe('reading tables with the policies of the database', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `${library}
          alter table article enable row level security;
          create policy seen on article to web_anon using (is_published or author_id::text = auth.jwt() ->> 'x-hasura-user-id');
          revoke select on article from web_anon;
          grant select (id, title, author_id) on article to web_anon;`,
      },
      { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls' },
    );
  });
  after(() => server.stop());

  it('serves what the role may use, without tracking', async () => {
    assert.deepEqual(
      await server.graphql(
        '{ author(order_by: {id: asc}) { name article(order_by: {id: asc}) { title author { id } } } }',
        { role: 'web_anon' },
      ),
      {
        data: {
          author: [
            { name: 'Ann', article: [{ title: 'One', author: { id: 1 } }] },
            { name: 'Bob', article: [{ title: 'Three', author: { id: 2 } }] },
            { name: 'Cy', article: [] },
          ],
        },
      },
    );
    assert.match(
      JSON.stringify(await server.graphql('{ article { is_published } }', { role: 'web_anon' })),
      /not found in type: 'article'/,
    );
  });

  it('serves nothing of schemas that are not named, whatever the role may do there', async () => {
    const inside = await startGraphql(
      {
        bootstrap: true,
        login: 'db_authenticator',
        sql: `${library}
          create schema inner_part; create table inner_part.hidden (id int primary key, author_id int references author (id));
          insert into inner_part.hidden values (1, 1); grant usage on schema inner_part to web_anon;
          grant select, insert on inner_part.hidden to web_anon;
          create function inner_part.authors() returns setof author language sql stable as 'select * from author';
          create function public.hide() returns setof inner_part.hidden language sql stable as 'select * from inner_part.hidden'`,
      },
      { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls', PEAKSTONE_GRAPHQL_SCHEMAS: 'public' },
    );
    try {
      const ask = async (query: string) => JSON.stringify(await inside.graphql(query, { role: 'web_anon' }));
      assert.match(await ask('{ author(limit: 1) { name } }'), /"data"/);
      for (const query of [
        '{ inner_part_hidden { id } }',
        '{ inner_part_authors { id } }',
        '{ hide { id } }',
        '{ author { hidden { id } } }',
        'mutation { insert_inner_part_hidden_one(object: { id: 5 }) { id } }',
      ])
        assert.match(await ask(query), /not found in type|no mutations exist/, query);
      assert.doesNotMatch(await ask('{ __schema { types { name } } }'), /inner_part|hidden/);
    } finally {
      await inside.stop();
    }
  });

  it('tells the database who asks', async () => {
    const own = await server.graphql('{ article(order_by: {id: asc}) { id } }', {
      role: 'web_anon',
      headers: { 'x-hasura-user-id': '1' },
    });
    assert.deepEqual(own, { data: { article: [{ id: 1 }, { id: 2 }, { id: 3 }] } });
  });
});
