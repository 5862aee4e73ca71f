import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('many tables at once', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table author (id int primary key, name text);
            create table publication (id int primary key);
            create table article (id int primary key, author_id int references author, publication_id int unique references publication)`,
    });
  });
  after(() => server.stop());
  beforeEach(() => server.metadata('clear_metadata', {}));

  const track = (...tables: string[]) =>
    server.post('/v1/metadata', {
      type: 'pg_track_tables',
      args: { tables: tables.map(table => ({ table })), allow_warnings: true },
    });
  const roots = async () => {
    const answer = (await server.graphql('{ __schema { queryType { fields { name } } } }')) as {
      data: { __schema: { queryType: { fields: { name: string }[] } } };
    };
    return answer.data.__schema.queryType.fields
      .map(({ name }) => name)
      .filter(name => !/_(?:aggregate|by_pk)$/.test(name));
  };

  it('are tracked, those made a moment ago too, and what cannot be is a warning', async () => {
    await server.database.pool.script('create table late (id int primary key)');
    assert.deepEqual((await track('author', 'late')).body, { message: 'success' });
    const { body } = await track('author', 'article', 'gone');
    assert.deepEqual(body, {
      message: 'success',
      warnings: [
        {
          code: 'track-table-failed',
          message: 'view/table already tracked: "author"',
          name: 'table author in source default',
          type: 'table',
        },
        {
          code: 'track-table-failed',
          message: 'Inconsistent object: no such table/view exists in source: "gone"',
          name: 'table gone in source default',
          type: 'table',
        },
      ],
    });
    assert.deepEqual(await roots(), ['article', 'author', 'late']);
    const none = await track('gone', 'author');
    assert.deepEqual(
      [none.status, (none.body as { error: string }).error],
      [400, 'all tables failed to track'],
    );
  });

  it('are untracked together where they need one another, and stay where others need them', async () => {
    await track('author', 'article', 'publication');
    for (const [name, column] of [
      ['author', 'author_id'],
      ['publication', 'publication_id'],
    ])
      await server.metadata('pg_create_object_relationship', {
        table: 'article',
        name,
        using: { foreign_key_constraint_on: column },
      });
    const untrack = async (args: object, ...tables: string[]) =>
      (
        await server.post('/v1/metadata', {
          type: 'pg_untrack_tables',
          args: { ...args, tables: tables.map(table => ({ table })) },
        })
      ).body;
    const refused = (await untrack({ allow_warnings: false }, 'author', 'publication', 'article')) as object;
    assert.deepEqual(refused, { message: 'success' });
    assert.deepEqual(await roots(), ['no_queries_available']);
    await track('author', 'article');
    await server.metadata('pg_create_object_relationship', {
      table: 'article',
      name: 'author',
      using: { foreign_key_constraint_on: 'author_id' },
    });
    await track('publication');
    assert.deepEqual(await untrack({}, 'author', 'publication'), {
      message: 'success',
      warnings: [
        {
          code: 'untrack-table-failed',
          message:
            'cannot drop due to the following dependent objects: relationship article.author in source "default"',
          name: 'table author in source default',
          type: 'table',
        },
      ],
    });
    assert.deepEqual(await roots(), ['article', 'author']);
    assert.deepEqual(await untrack({ cascade: true }, 'author'), { message: 'success' });
    assert.deepEqual(await roots(), ['article']);
  });

  it('are told of, tracked or not, with the relationships that their keys suggest', async () => {
    const tables = (await server.metadata('pg_get_source_tables', {})) as { name: string }[];
    assert.ok(tables.some(({ name }) => name === 'article'));
    const info = (await server.metadata('pg_get_table_info', { table: 'article' })) as {
      primary_key: string[];
      columns: { name: string; type: string; nullable: boolean }[];
    };
    assert.deepEqual(info.primary_key, ['id']);
    assert.deepEqual([info.columns[0]!.type, info.columns[0]!.nullable], ['integer', false]);
    assert.equal(await server.metadata('pg_get_table_info', { table: 'gone' }), null);
    await track('author', 'article', 'publication');
    const suggest = async (args: object) =>
      (
        (await server.metadata('pg_suggest_relationships', args)) as {
          relationships: { type: string; from: { table: { name: string } } }[];
        }
      ).relationships
        .map(({ type, from }) => `${type} of ${from.table.name}`)
        .sort();
    const all = ['array of author', 'object of article', 'object of article', 'object of publication'];
    assert.deepEqual(await suggest({}), all);
    assert.deepEqual(await suggest({ tables: [] }), []);
    await server.metadata('pg_create_object_relationship', {
      table: 'article',
      name: 'publication',
      using: { foreign_key_constraint_on: 'publication_id' },
    });
    assert.deepEqual(await suggest({ omit_tracked: true }), [all[0], all[1], all[3]]);
  });
});
