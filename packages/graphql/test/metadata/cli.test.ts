import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

/** What the Hasura CLI sends, call by call: `hasura migrate apply`, `hasura metadata apply`, `hasura seed apply`. */
describe('the calls of the Hasura CLI', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({});
  });
  after(() => server.stop());

  const ok = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await server.post(path, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };

  it('apply migrations, and remember which', async () => {
    const first = (await ok('/v1/metadata', { type: 'get_catalog_state', args: {} })) as {
      readonly id: string;
    };
    assert.deepEqual(first, { id: first.id, cli_state: {}, console_state: {} });
    assert.match(first.id, /^[0-9a-f-]{36}$/);
    const up = {
      type: 'run_sql',
      args: { source: 'default', sql: 'create table author (id int primary key, name text)' },
    };
    assert.deepEqual(await ok('/v2/query', { type: 'bulk', args: [up] }), [
      { result_type: 'CommandOk', result: null },
    ]);
    const state = {
      settings: { migration_mode: 'true' },
      migrations: { default: { '1620000000000': false } },
    };
    assert.deepEqual(await ok('/v1/metadata', { type: 'set_catalog_state', args: { type: 'cli', state } }), {
      message: 'success',
    });
    assert.deepEqual(await ok('/v1/metadata', { type: 'get_catalog_state', args: {} }), {
      ...first,
      cli_state: state,
    });
  });

  it('apply metadata, and look whether all of it is served', async () => {
    const exported = (await ok('/v1/metadata', { type: 'export_metadata', version: 2, args: {} })) as {
      readonly metadata: { readonly sources: readonly object[] };
    };
    const metadata = {
      version: 3,
      sources: [
        { ...exported.metadata.sources[0], tables: [{ table: { name: 'author', schema: 'public' } }] },
      ],
    };
    const replace = {
      type: 'replace_metadata',
      version: 2,
      args: { allow_inconsistent_metadata: true, metadata },
    };
    assert.deepEqual(await ok('/v1/metadata', replace), { is_consistent: true, inconsistent_objects: [] });
    assert.deepEqual(
      await ok('/v1/metadata', {
        type: 'reload_metadata',
        args: { reload_remote_schemas: true, reload_sources: true },
      }),
      { message: 'success', is_consistent: true },
    );
    assert.deepEqual(await ok('/v1/metadata', { type: 'get_inconsistent_metadata', args: {} }), {
      is_consistent: true,
      inconsistent_objects: [],
    });
  });

  it('apply seeds', async () => {
    const seed = {
      source: 'default',
      sql: "insert into author values (1, 'Ada'), (2, 'Grace')",
      cascade: false,
    };
    await ok('/v2/query', { type: 'bulk', args: [{ type: 'run_sql', args: seed }] });
    assert.deepEqual(await server.graphql('{ author(order_by: { id: asc }) { name } }'), {
      data: { author: [{ name: 'Ada' }, { name: 'Grace' }] },
    });
  });

  it('are told what of a state they may not keep', async () => {
    const answer = await server.post('/v1/metadata', {
      type: 'set_catalog_state',
      args: { type: 'other', state: {} },
    });
    assert.equal(answer.status, 400);
    assert.equal((answer.body as { readonly path: string }).path, '$.args.type');
  });
});
