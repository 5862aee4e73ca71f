/** Where other servers of this contract go wrong when they write, and what a setting turns; by the number of the reference's issue. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlOptions, type GraphqlServer, serveDatabase, startGraphql } from '../support/server.ts';

const long = 'a_column_with_a_name_that_is_as_long_as_postgresql_allows_it_to';

describe('what is easily got wrong in writing', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `
        create table author (id int primary key, name text);
        create table editor (id int primary key, name text, ${long} text);
        create table article (
          id int primary key, title text, updated_by text,
          author_id int references author, editor_id int references editor);`,
    });
    for (const table of ['author', 'editor', 'article']) await server.metadata('pg_track_table', { table });
    for (const name of ['author', 'editor']) {
      await server.metadata('pg_create_object_relationship', {
        table: 'article',
        name,
        using: { foreign_key_constraint_on: `${name}_id` },
      });
      await server.metadata('pg_create_array_relationship', {
        table: name,
        name: 'articles',
        using: { foreign_key_constraint_on: { table: 'article', column: `${name}_id` } },
      });
    }
    const columns = ['id', 'title'];
    const kinds = {
      select: { columns: '*', filter: {} },
      insert: { columns, check: {}, set: { updated_by: 'X-Hasura-User-Id' } },
      update: {
        columns,
        filter: { updated_by: { _ne: 'nobody' } },
        set: { updated_by: 'X-Hasura-User-Id' },
      },
    };
    for (const [kind, permission] of Object.entries(kinds))
      await server.metadata(`pg_create_${kind}_permission`, { table: 'article', role: 'user', permission });
  });
  after(() => server.stop());
  beforeEach(() =>
    server.database.pool.script(`truncate author, editor, article;
      insert into author values (1, 'B'), (2, 'A');
      insert into editor values (1, 'Y', 'y'), (2, 'X', 'x');
      insert into article values (1, 'One', 'ann', 1, 1), (2, 'Two', 'nobody', 1, 2), (3, 'Three', 'bob', 2, 1);`),
  );

  const answers = async (query: string, expected: unknown, options?: GraphqlOptions): Promise<void> =>
    assert.deepEqual(await server.graphql(query, options), { data: expected });
  const refuses = async (
    query: string,
    [code, message]: readonly [string, string],
    options?: GraphqlOptions,
  ): Promise<void> => {
    const { errors } = (await server.graphql(query, options)) as {
      errors: { message: string; extensions: { code: string } }[];
    };
    assert.deepEqual([errors[0]!.extensions.code, errors[0]!.message], [code, message]);
  };

  it('equal to null is refused, and all rows where a setting says so (#7242)', async () => {
    const query = 'query ($id: Int) { author(where: {id: {_eq: $id}}) { name } }';
    const message = "unexpected null value for type 'Int'";
    await refuses(query, ['validation-failed', message], { variables: { id: null } });
    await refuses(query, ['validation-failed', message], {});
    const collapsing = await serveDatabase(server.database.url, {
      HASURA_GRAPHQL_V1_BOOLEAN_NULL_COLLAPSE: 'true',
    });
    try {
      assert.deepEqual(await collapsing.graphql(query, { variables: { id: null } }), {
        data: { author: [{ name: 'B' }, { name: 'A' }] },
      });
    } finally {
      await collapsing.stop();
    }
  });

  it('two relationships in one order, and names that PostgreSQL would cut, do not collide (#2981, #3796)', () =>
    answers(
      `{ article(order_by: [{author: {name: asc}}, {editor: {${long}: asc}}]) {
          id editor { ${long} again_${long}: ${long} } } }`,
      {
        article: [
          { id: 3, editor: { [long]: 'y', [`again_${long}`]: 'y' } },
          { id: 2, editor: { [long]: 'x', [`again_${long}`]: 'x' } },
          { id: 1, editor: { [long]: 'y', [`again_${long}`]: 'y' } },
        ],
      },
    ));

  it('many updates run in order, each with an answer of its own, also of no rows (#2768)', () =>
    answers(
      `mutation { update_author_many(updates: [
          {where: {id: {_eq: 1}}, _set: {name: "C"}},
          {where: {id: {_eq: 9}}, _set: {name: "D"}},
          {where: {name: {_eq: "C"}}, _set: {name: "E"}}]) { affected_rows returning { id name } } }`,
      {
        update_author_many: [
          { affected_rows: 1, returning: [{ id: 1, name: 'C' }] },
          { affected_rows: 0, returning: [] },
          { affected_rows: 1, returning: [{ id: 1, name: 'E' }] },
        ],
      },
    ));

  it('an upsert of no columns does nothing: such rows are not returned, one is null (#2264, #9224)', async () => {
    const clash = 'on_conflict: {constraint: author_pkey, update_columns: []}';
    await answers(
      `mutation { insert_author(objects: [{id: 1, name: "Z"}, {id: 3, name: "New"}], ${clash}) { affected_rows returning { id } } }`,
      { insert_author: { affected_rows: 1, returning: [{ id: 3 }] } },
    );
    await answers(`mutation { insert_author_one(object: {id: 1, name: "Z"}, ${clash}) { id } }`, {
      insert_author_one: null,
    });
  });

  it('a row below another that gives the column between them is refused (#8522)', async () => {
    await refuses(
      'mutation { insert_author(objects: {id: 5, articles: {data: {id: 9, author_id: 1}}}) { affected_rows } }',
      [
        'validation-failed',
        'cannot insert "author_id" columns as their values are already being determined by parent insert',
      ],
    );
    await refuses(
      'mutation { insert_article(objects: {id: 9, author_id: 1, author: {data: {id: 5}}}) { affected_rows } }',
      [
        'validation-failed',
        'cannot insert object relationship "author" as "author_id" column values are already determined',
      ],
    );
  });

  it('an upsert takes the presets and the filter of updates (#1647)', async () => {
    const upsert = (id: number) =>
      `mutation { insert_article(objects: {id: ${id}, title: "New"}, on_conflict: {constraint: article_pkey, update_columns: title}) {
          affected_rows returning { title updated_by } } }`;
    const cy = { role: 'user', headers: { 'x-hasura-user-id': 'cy' } };
    const row = { title: 'New', updated_by: 'cy' };
    await answers(upsert(1), { insert_article: { affected_rows: 1, returning: [row] } }, cy);
    await answers(upsert(2), { insert_article: { affected_rows: 0, returning: [] } }, cy);
    await refuses(upsert(1), ['not-found', 'missing session variable: "x-hasura-user-id"'], { role: 'user' });
  });

  it('roots of one mutation are one transaction, and the path names the one that failed (#6642)', async () => {
    const answer = await server.graphql(`mutation {
      first: insert_author(objects: {id: 7}) { affected_rows }
      second: insert_editor(objects: {id: 1}) { affected_rows } }`);
    const [error] = (answer as { errors: [{ extensions: { path: string; code: string } }] }).errors;
    assert.deepEqual(error.extensions, {
      code: 'constraint-violation',
      path: '$.selectionSet.insert_editor.args.objects',
    });
    await answers('{ author_by_pk(id: 7) { id } }', { author_by_pk: null });
  });
});
