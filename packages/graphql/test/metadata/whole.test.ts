import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

interface Exported {
  readonly sources: readonly { readonly tables: readonly object[]; readonly configuration: unknown }[];
}

describe('the metadata as a whole', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table author (id int primary key, name text);
            create table article (id int primary key, author_id int references author);
            create function search_articles(search text) returns setof article language sql stable as 'select * from article'`,
    });
  });
  after(() => server.stop());
  beforeEach(() => server.metadata('clear_metadata', {}));

  const metadata = async (): Promise<Exported> => (await server.metadata('export_metadata', {})) as Exported;
  const post = (type: string, args: unknown) => server.post('/v1/metadata', { type, args });

  const author = {
    table: { schema: 'public', name: 'author' },
    array_relationships: [
      {
        name: 'articles',
        using: {
          foreign_key_constraint_on: { column: 'author_id', table: { schema: 'public', name: 'article' } },
        },
      },
    ],
    select_permissions: [
      { role: 'editor', permission: { columns: ['id', 'name'], filter: {} } },
      { role: 'user', permission: { columns: '*', filter: { id: { _eq: 'X-Hasura-User-Id' } } } },
    ],
  };
  const article = { table: { schema: 'public', name: 'article' } };

  it('comes out as it went in, with names and lists in the reference’s order', async () => {
    const [{ configuration }] = (await metadata()).sources as [Exported['sources'][0]];
    const source = { name: 'default', kind: 'postgres', tables: [article, author], configuration };
    const whole = {
      version: 3,
      sources: [source],
      inherited_roles: [{ role_name: 'all', role_set: ['editor', 'user'] }],
    };
    assert.deepEqual(await server.metadata('replace_metadata', whole), { message: 'success' });
    assert.equal(JSON.stringify(await metadata()), JSON.stringify(whole));
    const turned = {
      ...whole,
      sources: [
        {
          ...source,
          tables: [
            { ...author, select_permissions: author.select_permissions.toReversed() },
            { table: 'article' },
          ],
        },
      ],
    };
    await server.metadata('replace_metadata', turned);
    assert.equal(JSON.stringify(await metadata()), JSON.stringify(whole));
  });

  it('comes in in the forms of versions 1 and 2, which know one database', async () => {
    const tables = [
      { table: 'author', object_relationships: [], select_permissions: [] },
      { table: 'article' },
    ];
    for (const functions of [['search_articles'], [{ schema: 'public', name: 'search_articles' }]])
      assert.deepEqual(await server.metadata('replace_metadata', { tables, functions }), {
        message: 'success',
      });
    await server.metadata('replace_metadata', {
      version: 2,
      tables,
      functions: [{ function: 'search_articles' }],
    });
    const [source] = (await metadata()).sources as unknown as [{ functions: unknown }];
    assert.deepEqual(source.functions, [{ function: { schema: 'public', name: 'search_articles' } }]);
  });

  it('is refused with what cannot be served, unless that is allowed; then it can be dropped', async () => {
    const [{ configuration }] = (await metadata()).sources as [Exported['sources'][0]];
    const given = {
      version: 3,
      sources: [{ name: 'default', kind: 'postgres', tables: [author, { table: 'gone' }], configuration }],
    };
    const objects = [
      {
        type: 'table',
        name: 'table gone in source default',
        reason: 'Inconsistent object: no such table/view exists in source: "gone"',
        definition: { schema: 'public', name: 'gone' },
      },
      {
        type: 'array_relation',
        name: 'array_relation articles in table author in source default',
        reason:
          'Inconsistent object: in table "author": in relationship "articles": table "article" does not exist in source: default',
        definition: {
          name: 'articles',
          source: 'default',
          comment: null,
          table: { schema: 'public', name: 'author' },
          using: author.array_relationships[0]!.using,
        },
      },
    ];
    const refused = await post('replace_metadata', given);
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.body, {
      code: 'unexpected',
      error: 'cannot continue due to inconsistent metadata',
      path: '$.args',
      internal: objects,
    });
    assert.deepEqual((await metadata()).sources[0]!.tables, []);

    const allowed = await post('replace_metadata', { allow_inconsistent_metadata: true, metadata: given });
    assert.deepEqual(allowed.body, { is_consistent: false, inconsistent_objects: objects });
    assert.deepEqual(await server.metadata('get_inconsistent_metadata', {}), allowed.body);
    assert.deepEqual(await server.metadata('drop_inconsistent_metadata', {}), { message: 'success' });
    const { array_relationships: _, ...kept } = author;
    assert.deepEqual((await metadata()).sources[0]!.tables, [kept]);
    assert.deepEqual(await server.metadata('reload_metadata', {}), {
      message: 'success',
      is_consistent: true,
    });
  });

  it('is refused when it is none, and says where', async () => {
    for (const [args, path, error] of [
      [{ version: 3 }, '$.args', /key "sources" not found/],
      [{ version: 3, sources: [{ name: 'default' }] }, '$.args.sources[0]', /key "configuration" not found/],
      [{ version: 7, sources: [] }, '$.args', /version 1, 2 or 3, got 7/],
      [[], '$.args', /expected Object/],
    ] as const) {
      const { status, body } = await post('replace_metadata', args);
      assert.equal(status, 400);
      const told = body as { readonly path: string; readonly error: string; readonly code: string };
      assert.deepEqual([told.path, told.code], [path, 'parse-failed']);
      assert.match(told.error, error);
    }
  });

  it('keeps cron triggers that are kept out of exports when an export is put back', async () => {
    const trigger = { name: 'nightly', webhook: 'https://example.com', schedule: '0 0 * * *' };
    await server.metadata('replace_metadata', {
      ...(await metadata()),
      cron_triggers: [{ ...trigger, include_in_metadata: false }],
    });
    const shown = await metadata();
    assert.ok(!('cron_triggers' in shown));
    await server.metadata('replace_metadata', shown);
    const { rows } = await server.database.pool.query(
      "select metadata->'cron_triggers'->0->>'name' from hdb_catalog.hdb_metadata",
    );
    assert.equal(rows[0]![0]!.toString(), 'nightly');
  });

  it('is read again by name, and says which name it does not know', async () => {
    const { body } = await post('reload_metadata', { reload_sources: ['other'] });
    assert.deepEqual(body, {
      code: 'not-exists',
      error: 'Source with name "other" not found in metadata',
      path: '$.args',
    });
  });
});

describe('several commands as one request', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({ sql: 'create table author (id int primary key)' });
  });
  after(() => server.stop());
  beforeEach(() => server.metadata('clear_metadata', {}));

  const track = (table: string) => ({ type: 'pg_track_table', args: { table } });
  const tables = async (): Promise<number> =>
    ((await server.metadata('export_metadata', {})) as Exported).sources[0]!.tables.length;

  it('are undone together by bulk when one of them is refused', async () => {
    const { status, body } = await server.post('/v1/metadata', {
      type: 'bulk',
      args: [track('author'), track('gone')],
    });
    assert.equal(status, 400);
    assert.equal((body as { readonly path: string }).path, '$.args[1].args');
    assert.equal(await tables(), 0);
  });

  it('are answered once by bulk_atomic', async () => {
    assert.deepEqual(await server.metadata('bulk_atomic', [track('author')]), { message: 'success' });
    assert.equal(await tables(), 1);
  });

  it('each stand for themselves in bulk_keep_going', async () => {
    const answers = (await server.metadata('bulk_keep_going', [track('gone'), track('author')])) as {
      readonly code?: string;
      readonly message?: string;
    }[];
    assert.deepEqual(
      answers.map(({ code, message }) => code ?? message),
      ['invalid-configuration', 'success'],
    );
    assert.equal(await tables(), 1);
  });

  it('run at the same time in concurrent_bulk, when none changes tables', async () => {
    const select = { type: 'run_sql', args: { sql: 'select 1 as one', read_only: true } };
    const answer = await server.post('/v2/query', { type: 'concurrent_bulk', args: [select, select] });
    const result = { result_type: 'TuplesOk', result: [['one'], ['1']] };
    assert.deepEqual(answer.body, [result, result]);
    const drop = { type: 'run_sql', args: { sql: 'drop table author' } };
    const refused = await server.post('/v2/query', { type: 'concurrent_bulk', args: [select, drop] });
    assert.deepEqual(refused.body, {
      code: 'unexpected',
      error: 'Only read-only queries are allowed in a concurrent_bulk',
      path: '$',
    });
  });
});
