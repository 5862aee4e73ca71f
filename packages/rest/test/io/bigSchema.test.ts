import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Fixture, restFixture } from './support/fixture.ts';
import { type Server, startServer } from './support/server.ts';

const relations = 1_000;
let fixture: Fixture;
let server: Server;
before(async () => {
  fixture = await restFixture(`
    do $$ begin
      for i in 1..${relations} loop
        execute format('create table big_%s (id int primary key, parent int%s, a text, b text, c timestamptz default now())',
          i, case when i > 1 then format(' references big_%s', i / 2) else '' end);
        execute format('grant select on big_%s to :anon', i);
      end loop;
    end $$;`);
  server = await startServer(fixture);
});
after(async () => {
  await server?.stop();
  await fixture?.drop();
});

describe(`a schema of ${relations} related tables`, () => {
  it('is described in full, in both versions', async () => {
    const swagger = (await (await server.get('/')).json()) as { definitions: object };
    assert.ok(Object.keys(swagger.definitions).length >= relations);
    const headers = { accept: 'application/openapi+json;version=3.1' };
    for (const asked of [server.get('/', headers), server.get('/?openapi=3.1')]) {
      const document = (await (await asked).json()) as { openapi: string };
      assert.equal(document.openapi, '3.1.0');
    }
  });

  it('is not searched for what a misspelt name may have meant', async () => {
    const response = await server.get('/bigg_77?select=*,nothing(*)');
    assert.equal(response.status, 404);
    const { code, hint } = (await response.json()) as { code: string; hint: string | null };
    assert.deepEqual([code, hint], ['PGRST205', null]);
  });

  it('is reloaded while requests are answered', async () => {
    const loaded = server.until(event => event.kind === 'catalogLoaded');
    server.rest.reloadCatalog();
    let isLoading = true;
    void loaded.then(() => {
      isLoading = false;
    });
    let answered = 0;
    while (isLoading) {
      assert.equal((await server.get('/big_7?limit=1')).status, 200);
      answered++;
    }
    await loaded;
    assert.ok(answered > 0);
  });

  it('is shown as JSON on the admin server', async () => {
    const dump = (await (await server.admin('/schema_cache')).json()) as { dbTables: unknown[] };
    assert.ok(dump.dbTables.length >= relations);
  });
});
