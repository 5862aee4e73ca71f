import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Metadata, Source } from '../../src/definition/metadata.ts';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('run_sql', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table author (id int primary key, name text, first_book int);
        create table article (id int primary key, title text, author_id int not null references author (id));
        create table note (id int primary key, note text);
        create function full_name (of author) returns text language sql stable as 'select $1.name';
        create function titles () returns setof article language sql stable as 'table article';
        insert into author values (1, 'Ada', 7); insert into article values (7, 'Notes', 1), (8, 'Others', 1)`,
    });
    for (const table of ['author', 'article', 'note']) await server.metadata('pg_track_table', { table });
    await server.metadata('pg_track_function', { function: 'titles' });
    await server.metadata('pg_create_array_relationship', {
      table: 'author',
      name: 'articles',
      using: { foreign_key_constraint_on: { table: 'article', column: 'author_id' } },
    });
    await server.metadata('pg_create_object_relationship', {
      table: 'article',
      name: 'writer',
      using: { manual_configuration: { remote_table: 'author', column_mapping: { author_id: 'id' } } },
    });
    await server.metadata('pg_add_computed_field', {
      table: 'author',
      name: 'full_name',
      definition: { function: 'full_name' },
    });
    await server.metadata('pg_create_select_permission', {
      table: 'article',
      role: 'user',
      permission: {
        columns: ['id', 'title', 'author_id'],
        filter: {
          _and: [
            { writer: { name: { _eq: 'X-Hasura-Name' }, first_book: { _ceq: ['$', 'id'] } } },
            { _exists: { _table: 'author', _where: { name: { _neq: 'title' } } } },
          ],
        },
      },
    });
    await server.metadata('pg_create_insert_permission', {
      table: 'article',
      role: 'user',
      permission: { columns: ['id'], check: {}, set: { title: 'author_id' } },
    });
  });
  after(() => server.stop());

  const run = (sql: string, args: object = {}) =>
    server.post('/v2/query', { type: 'run_sql', args: { sql, ...args } });
  const source = async (): Promise<Source> =>
    ((await server.metadata('export_metadata', {})) as Metadata).sources[0]!;
  const user = { role: 'user', headers: { 'x-hasura-name': 'Ada' } };

  it('renames tables and columns in everything that names them, even when they change places', async () => {
    const was = await source();
    await run(`alter table author rename to person; alter table person rename column id to author_id;
      alter table person rename column name to swap; alter table person rename column first_book to name;
      alter table person rename column swap to first_book;
      alter table article rename column author_id to id2; alter table article rename column title to headline`);
    assert.deepEqual(
      await server.graphql('{ article { id headline id2 writer { first_book name } } }', user),
      {
        errors: [
          {
            message: "field 'writer' not found in type: 'article'",
            extensions: { path: '$.selectionSet.article.selectionSet.writer', code: 'validation-failed' },
          },
        ],
      },
    );
    assert.deepEqual(await server.graphql('{ article { id headline id2 } }', user), {
      data: { article: [{ id: 7, headline: 'Notes', id2: 1 }] },
    });
    assert.deepEqual(
      await server.graphql('{ person { author_id full_name articles { writer { name } } } }'),
      {
        data: {
          person: [
            { author_id: 1, full_name: '7', articles: [{ writer: { name: 7 } }, { writer: { name: 7 } }] },
          ],
        },
      },
    );
    const article = (await source()).tables.find(
      ({ table }) => (table as { name: string }).name === 'article',
    )!;
    assert.deepEqual(article.select_permissions![0]!.permission, {
      columns: ['id', 'headline', 'id2'],
      filter: {
        _and: [
          { writer: { first_book: { _eq: 'X-Hasura-Name' }, name: { _ceq: ['$', 'id'] } } },
          {
            _exists: {
              _table: 'person',
              _where: { first_book: { _neq: 'title' } },
            },
          },
        ],
      },
    });
    assert.deepEqual(article.insert_permissions![0]!.permission.set, { headline: 'author_id' });
    await run(`alter table person rename column author_id to id;
      alter table person rename column name to swap; alter table person rename column first_book to name;
      alter table person rename column swap to first_book; alter table person rename to author;
      alter table article rename column id2 to author_id; alter table article rename column headline to title`);
    assert.deepEqual(await source(), was);
  });

  it('is undone when something depends on what it takes away, and says what', async () => {
    const was = await source();
    const refusals: [sql: string, what: string][] = [
      [
        'alter table article drop column title',
        'permission article.user.insert, permission article.user.select',
      ],
      ['alter table author drop column name', 'permission article.user.select'],
      ['alter table article drop constraint article_author_id_fkey', 'relationship author.articles'],
      ['drop function full_name', 'computed field author.full_name'],
      [
        'alter table note add column more text; drop table author cascade',
        'permission article.user.select, relationship article.writer',
      ],
    ];
    for (const [sql, what] of refusals) {
      const { status, body } = await run(sql);
      const shown = what.replaceAll(/(, |$)/g, ' in source "default"$1');
      const error = `cannot drop due to the following dependent objects: ${shown}`;
      assert.deepEqual([status, body], [400, { path: '$.args', error, code: 'dependency-error' }], sql);
    }
    assert.deepEqual(await source(), was);
    assert.deepEqual(await server.graphql('{ author { name full_name } note { id } }'), {
      data: { author: [{ name: 'Ada', full_name: 'Ada' }], note: [] },
    });
  });

  it('leaves functions what they are', async () => {
    const { body } = await run('alter function titles() volatile');
    assert.equal(
      (body as { error: string }).error,
      'type of function "titles" is altered to "VOLATILE" which is not supported now',
    );
    const more = `create function titles (int) returns setof article language sql stable as 'table article'`;
    assert.equal(
      ((await run(more)).body as { error: string }).error,
      'the following tracked function(s) cannot be overloaded: titles',
    );
    assert.deepEqual(await server.graphql('{ titles(limit: 1) { id } }'), { data: { titles: [{ id: 7 }] } });
  });

  it('lets go what nothing depends on, and all the rest with cascade', async () => {
    assert.equal((await run('drop table note; drop function titles')).status, 200);
    const { tables, functions } = await source();
    assert.deepEqual([tables.length, functions], [2, undefined]);
    assert.equal((await run('drop table author cascade', { cascade: true })).status, 200);
    const [article, ...others] = (await source()).tables;
    assert.deepEqual(others, []);
    assert.equal(article!.object_relationships, undefined);
    assert.equal(article!.select_permissions, undefined);
    assert.deepEqual(await server.metadata('get_inconsistent_metadata', {}), {
      is_consistent: true,
      inconsistent_objects: [],
    });
  });

  it('commits by itself without a transaction, and tells what was left behind', async () => {
    const sql = `create index concurrently on article (title); select 'a;b' as text`;
    assert.deepEqual((await run(sql, { no_transaction: true })).body, {
      result_type: 'TuplesOk',
      result: [['text'], ['a;b']],
    });
    assert.equal((await run('begin; alter table article drop column title; commit')).status, 200);
    const { inconsistent_objects } = (await server.metadata('get_inconsistent_metadata', {})) as {
      inconsistent_objects: { name: string }[];
    };
    assert.deepEqual(
      inconsistent_objects.map(({ name }) => name),
      ['insert_permission user in table article in source default'],
    );
  });
});
