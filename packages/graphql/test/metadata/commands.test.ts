import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('commands of the metadata API', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table author (id int primary key, name text);
            create table article (id int primary key, author_id int references author)`,
    });
  });
  after(() => server.stop());
  beforeEach(async () => {
    await server.metadata('clear_metadata', {});
    await server.post('/v1/query', {
      type: 'bulk',
      args: [
        { type: 'track_table', args: 'author' },
        { type: 'track_table', args: { schema: 'public', name: 'article' } },
        {
          type: 'create_array_relationship',
          args: {
            table: 'author',
            name: 'articles',
            using: { foreign_key_constraint_on: { table: 'article', column: 'author_id' } },
          },
        },
      ],
    });
  });

  const author = async (): Promise<unknown> => {
    const { sources } = (await server.metadata('export_metadata', {})) as {
      readonly sources: readonly { readonly tables: readonly unknown[] }[];
    };
    return sources[0]!.tables[1];
  };

  it('keep names of other tables whole, however short they were given', async () => {
    assert.deepEqual(await author(), {
      table: { schema: 'public', name: 'author' },
      array_relationships: [
        {
          name: 'articles',
          using: {
            foreign_key_constraint_on: { table: { schema: 'public', name: 'article' }, column: 'author_id' },
          },
        },
      ],
    });
  });

  it('rename a relationship and comment on it', async () => {
    await server.metadata('pg_rename_relationship', { table: 'author', name: 'articles', new_name: 'texts' });
    await server.metadata('pg_set_relationship_comment', { table: 'author', name: 'texts', comment: 'All' });
    assert.deepEqual(await server.graphql('{ author { texts { id } } }'), { data: { author: [] } });
    const { array_relationships: list } = (await author()) as {
      readonly array_relationships: readonly { readonly name: string; readonly comment: string }[];
    };
    assert.deepEqual([list[0]!.name, list[0]!.comment], ['texts', 'All']);
    const missing = await server.post('/v1/metadata', {
      type: 'pg_rename_relationship',
      args: { table: 'author', name: 'gone', new_name: 'other' },
    });
    assert.equal(missing.status, 400);
    const taken = await server.post('/v1/metadata', {
      type: 'pg_rename_relationship',
      args: { table: 'author', name: 'texts', new_name: 'name' },
    });
    assert.equal(taken.status, 400);
    assert.deepEqual(await server.graphql('{ author { texts { id } } }'), { data: { author: [] } });
  });

  it('rename a source, and serve it on', async () => {
    await server.metadata('rename_source', { name: 'default', new_name: 'main' });
    assert.deepEqual(await server.graphql('{ author { id } }'), { data: { author: [] } });
    await server.metadata('rename_source', { name: 'main', new_name: 'default' });
  });

  it('give a table other names by the older command', async () => {
    await server.post('/v1/query', {
      type: 'set_table_custom_fields',
      version: 2,
      args: {
        table: 'author',
        custom_root_fields: { select: 'writers' },
        custom_column_names: { name: 'title' },
      },
    });
    assert.deepEqual(await server.graphql('{ writers { title } }'), { data: { writers: [] } });
  });

  it('are the administrator’s alone, and must be commands', async () => {
    const refused = await server.post(
      '/v1/query',
      { type: 'track_table', args: 'author' },
      { 'x-hasura-role': 'user' },
    );
    assert.deepEqual(refused.body, {
      path: '$.args',
      error: 'restricted access : admin only',
      code: 'access-denied',
    });
    const text = await server.post('/v1/query', 'type: count');
    assert.deepEqual(text.body, {
      path: '$',
      error: 'parsing Object failed, expected Object, but encountered String',
      code: 'parse-failed',
    });
  });
});
