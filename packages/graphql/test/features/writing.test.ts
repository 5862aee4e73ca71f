import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('writing rows', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `
        create table author (id serial primary key, name text not null unique, visits int not null default 0, about jsonb);
        create table article (id serial primary key, title varchar(20), author_id int not null references author on delete cascade);`,
    });
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
    await server.metadata('pg_create_insert_permission', {
      table: 'article',
      role: 'user',
      permission: { columns: ['title', 'author_id'], check: { author: { name: 'X-Hasura-Name' } } },
    });
    await server.metadata('pg_create_select_permission', {
      table: 'article',
      role: 'user',
      permission: { columns: '*', filter: {} },
    });
  });
  after(() => server.stop());
  beforeEach(() => server.database.pool.script('truncate author, article restart identity cascade'));

  it('inserts several rows and gives them back in their order', async () => {
    const query = `mutation ($objects: [author_insert_input!]!) {
      insert_author(objects: $objects) { affected_rows returning { id name visits } } }`;
    for (const names of [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]) {
      const answer = (await server.graphql(query, {
        variables: { objects: names.map(name => ({ name })) },
      })) as {
        data: { insert_author: { affected_rows: number; returning: { name: string }[] } };
      };
      assert.equal(answer.data.insert_author.affected_rows, names.length);
      assert.deepEqual(
        answer.data.insert_author.returning.map(({ name }) => name),
        names,
      );
    }
  });

  it('inserts rows beside rows in one transaction, in either direction', async () => {
    assert.deepEqual(
      await server.graphql(`mutation {
        insert_author_one(object: {name: "Ann", articles: {data: [{title: "One"}, {title: "Two"}]}}) { name articles(order_by: {id: asc}) { title } }
        insert_article(objects: [{title: "Three", author: {data: {name: "Bob"}}}, {title: "Four", author: {data: {name: "Cy"}}}]) {
          affected_rows returning { title author { name } } } }`),
      {
        data: {
          insert_author_one: { name: 'Ann', articles: [{ title: 'One' }, { title: 'Two' }] },
          insert_article: {
            affected_rows: 4,
            returning: [
              { title: 'Three', author: { name: 'Bob' } },
              { title: 'Four', author: { name: 'Cy' } },
            ],
          },
        },
      },
    );
  });

  it('updates instead of inserting where it is told to, and does nothing where no column is named', async () => {
    const upsert = (columns: string) => `mutation {
      insert_author_one(object: {name: "Ann", visits: 7}, on_conflict: {constraint: author_name_key, update_columns: [${columns}]}) { name visits } }`;
    await server.graphql('mutation { insert_author_one(object: {name: "Ann"}) { id } }');
    assert.deepEqual(await server.graphql(upsert('visits')), {
      data: { insert_author_one: { name: 'Ann', visits: 7 } },
    });
    assert.deepEqual(await server.graphql(upsert('')), { data: { insert_author_one: null } });
  });

  it('undoes everything when one root fails, and says where', async () => {
    assert.deepEqual(
      await server.graphql(
        `mutation {
        a: insert_author(objects: {name: "Ann"}) { affected_rows }
        b: insert_author(objects: {name: "Ann"}) { affected_rows } }`,
        { headers: {} },
      ),
      {
        errors: [
          {
            message: 'Uniqueness violation. duplicate key value violates unique constraint "author_name_key"',
            extensions: { path: '$.selectionSet.insert_author.args.objects', code: 'constraint-violation' },
          },
        ],
      },
    );
    assert.deepEqual(await server.graphql('{ author { id } }'), { data: { author: [] } });
  });

  it('checks what a role inserts', async () => {
    await server.graphql(
      'mutation { insert_author(objects: [{name: "Ann"}, {name: "Bob"}]) { affected_rows } }',
    );
    const insert = (author: number) =>
      server.graphql(
        `mutation { insert_article_one(object: {title: "X", author_id: ${author}}) { title } }`,
        {
          role: 'user',
          headers: { 'x-hasura-name': 'Ann' },
        },
      );
    assert.deepEqual(await insert(1), { data: { insert_article_one: { title: 'X' } } });
    assert.deepEqual(await insert(2), {
      errors: [
        {
          message: 'check constraint of an insert/update permission has failed',
          extensions: { path: '$.selectionSet.insert_article_one.args.object', code: 'permission-error' },
        },
      ],
    });
    assert.deepEqual(await server.graphql('{ article { title } }'), { data: { article: [{ title: 'X' }] } });
  });

  it('updates by operators, many at once, and by key', async () => {
    await server.graphql(
      'mutation { insert_author(objects: [{name: "Ann", about: {a: 1}}, {name: "Bob"}]) { affected_rows } }',
    );
    assert.deepEqual(
      await server.graphql(`mutation {
        update_author_by_pk(pk_columns: {id: 1}, _inc: {visits: 2}, _append: {about: {b: 2}}) { visits about }
        update_author_many(updates: [{where: {name: {_eq: "Bob"}}, _set: {visits: 9}}, {where: {id: {_eq: 77}}, _set: {visits: 9}}]) {
          affected_rows returning { name } }
        update_author(where: {}) { affected_rows } }`),
      {
        data: {
          update_author_by_pk: { visits: 2, about: { a: 1, b: 2 } },
          update_author_many: [
            { affected_rows: 1, returning: [{ name: 'Bob' }] },
            { affected_rows: 0, returning: [] },
          ],
          update_author: { affected_rows: 0 },
        },
      },
    );
  });

  it('shows what is beside a deleted row as it is after the delete', async () => {
    await server.graphql(
      'mutation { insert_author_one(object: {name: "Ann", articles: {data: {title: "One"}}}) { id } }',
    );
    assert.deepEqual(
      await server.graphql(
        'mutation { delete_author(where: {name: {_eq: "Ann"}}) { affected_rows returning { name articles { id } } } }',
      ),
      { data: { delete_author: { affected_rows: 1, returning: [{ name: 'Ann', articles: [] }] } } },
    );
  });
});
