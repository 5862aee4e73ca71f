import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

describe('parts of the metadata that need one another', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table author (id int primary key, name text, secret text);
            create table article (id int primary key, author_id int references author, title text);
            create function full_name(author) returns text language sql stable as 'select $1.name';
            insert into author values (1, 'Ann', 'canary'), (2, 'Bob', 'other');
            insert into article values (1, 1, 'First'), (2, 2, 'Second')`,
    });
  });
  after(() => server.stop());
  beforeEach(async () => {
    await server.metadata('clear_metadata', {});
    await server.metadata('bulk', [
      { type: 'pg_track_table', args: { table: 'author' } },
      { type: 'pg_track_table', args: { table: 'article' } },
      {
        type: 'pg_create_object_relationship',
        args: { table: 'article', name: 'author', using: { foreign_key_constraint_on: 'author_id' } },
      },
      {
        type: 'pg_add_computed_field',
        args: { table: 'author', name: 'full_name', definition: { function: 'full_name' } },
      },
    ]);
  });

  const refusal = async (type: string, args: unknown, headers = {}) => {
    const { status, body } = await server.post('/v1/query', { type, args }, headers);
    assert.ok(status >= 400, JSON.stringify(body));
    return body as { readonly code: string; readonly error: string; readonly path: string };
  };

  it('are dropped only with what depends on them, and only when asked to', async () => {
    const refused = await refusal('untrack_table', { table: 'author' });
    assert.deepEqual(refused, {
      code: 'dependency-error',
      error:
        'cannot drop due to the following dependent objects: relationship article.author in source "default"',
      path: '$.args',
    });
    await server.metadata('pg_untrack_table', { table: 'author', cascade: true });
    assert.deepEqual(await server.graphql('{ article(limit: 1, order_by: {id: asc}) { title } }'), {
      data: { article: [{ title: 'First' }] },
    });
    assert.deepEqual(await server.metadata('get_inconsistent_metadata', {}), {
      is_consistent: true,
      inconsistent_objects: [],
    });
  });

  it('count when they stand in the condition of a permission', async () => {
    await server.metadata('pg_create_select_permission', {
      table: 'author',
      role: 'user',
      permission: { columns: ['id'], computed_fields: ['full_name'], filter: {} },
    });
    await server.metadata('pg_create_select_permission', {
      table: 'article',
      role: 'user',
      permission: { columns: ['id'], filter: { author: { name: { _eq: 'Ann' } } } },
    });
    const { error } = await refusal('drop_relationship', { table: 'article', relationship: 'author' });
    assert.match(error, /dependent objects: permission article\.user\.select in source "default"$/);
    const field = await refusal('drop_computed_field', { table: 'author', name: 'full_name' });
    assert.match(field.error, /dependent objects: permission author\.user\.select/);
  });

  it('are refused where a name is taken, with the part that would be lost', async () => {
    const { error, code } = await refusal('set_table_customization', {
      table: 'article',
      configuration: { column_config: { title: { custom_name: 'author' } } },
    });
    assert.deepEqual([code, error], ['unexpected', 'cannot continue due to new inconsistent metadata']);
    const roots = await refusal('set_table_customization', {
      table: 'author',
      configuration: { custom_name: 'article' },
    });
    assert.match(
      roots.error,
      /'delete_article_by_pk' defined in \[table article in source default, table author/,
    );
  });

  it('tell of a permission that names what there is not, and serve nothing of it', async () => {
    const { error } = await refusal('create_select_permission', {
      table: 'author',
      role: 'user',
      permission: { columns: ['id', 'gone'], filter: {} },
    });
    assert.equal(
      error,
      'Inconsistent object: in table "author": in permission for role "user": "gone" does not exist',
    );
  });

  it('let a client of the v1 API filter and order by nothing that its role may not see', async () => {
    await server.metadata('pg_create_select_permission', {
      table: 'article',
      role: 'user',
      permission: { columns: '*', filter: {} },
    });
    const as = { 'x-hasura-role': 'user' };
    const through = await refusal(
      'select',
      { table: 'article', columns: ['id'], where: { author: { secret: 'canary' } } },
      as,
    );
    assert.match(through.error, /does not have permission to read relationship "author"/);
    await server.metadata('pg_create_select_permission', {
      table: 'author',
      role: 'user',
      permission: { columns: ['id', 'name'], filter: { name: { _eq: 'Bob' } } },
    });
    const hidden = await refusal(
      'select',
      { table: 'article', columns: ['id'], where: { author: { secret: { $like: 'can%' } } } },
      as,
    );
    assert.equal(hidden.error, 'role "user" does not have permission to select column "secret"');
    await refusal('select', { table: 'author', columns: ['id'], order_by: '-secret' }, as);
    await refusal('count', { table: 'author', distinct: ['secret'] }, as);
    const { body } = await server.post(
      '/v1/query',
      {
        type: 'select',
        args: { table: 'article', columns: ['id'], where: { author: { name: { $ne: '' } } } },
      },
      as,
    );
    assert.deepEqual(body, [{ id: 2 }]);
  });
});
