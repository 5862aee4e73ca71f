import assert from 'node:assert/strict';
import { mkdtemp, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Fixture, jwtSecret, restFixture } from './support/fixture.ts';
import { withServer } from './support/server.ts';

let fixture: Fixture;
before(async () => {
  fixture = await restFixture();
});
after(() => fixture?.drop());

describe('the admin server', () => {
  it('is ready with a listener and without', async () => {
    await withServer(fixture, { 'db-channel-enabled': 'true' }, async server => {
      await server.untilListening();
      assert.equal((await server.admin('/ready')).status, 200);
    });
    await withServer(fixture, { 'db-channel-enabled': 'false' }, async server => {
      assert.equal((await server.admin('/ready')).status, 200);
      assert.deepEqual(await server.rest.health(), { ok: true });
    });
  });

  it('has a socket of its own when one is set, and knows no other path', async () => {
    await withServer(
      fixture,
      { 'admin-server-unix-socket': join(tmpdir(), `${fixture.name}.sock`) },
      async server => {
        assert.equal(server.rest.admin.address, join(tmpdir(), `${fixture.name}.sock`));
        assert.equal((await server.admin('/nope')).status, 404);
      },
    );
  });

  it('sees that the main server’s socket file is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rest-admin-'));
    const socket = join(folder, 'main.sock');
    try {
      await withServer(fixture, { 'server-unix-socket': socket }, async server => {
        await server.untilListening();
        assert.equal((await server.admin('/live')).status, 200);
        await unlink(socket);
        assert.equal((await server.admin('/live')).status, 500);
        assert.equal((await server.admin('/ready')).status, 500);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('exposes the metrics that dashboards know', async () => {
    await withServer(fixture, {}, async server => {
      const response = await server.admin('/metrics');
      assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
      const text = await response.text();
      for (const line of [
        /^pgrst_schema_cache_loads_total\{status="SUCCESS"\} 1$/m,
        /^pgrst_schema_cache_query_time_seconds 0\.\d+$/m,
        /^pgrst_db_pool_max 4$/m,
        /^pgrst_db_pool_waiting 0$/m,
        /^pgrst_db_pool_available \d+$/m,
        /^pgrst_db_pool_timeouts_total 0$/m,
        /^pgrst_jwt_cache_requests_total 0$/m,
        /^pgrst_jwt_cache_hits_total 0$/m,
        /^pgrst_jwt_cache_evictions_total 0$/m,
      ]) {
        assert.match(text, line);
      }
    });
  });

  it('shows the catalog', async () => {
    await withServer(fixture, {}, async server => {
      assert.match(
        await (await server.admin('/schema_cache')).text(),
        /"dbTables":\[\[\{"qiName":"authors_only"/,
      );
    });
  });

  it('shows the settings without their secrets', async () => {
    await withServer(fixture, { 'app.settings.token': 'hunter2' }, async server => {
      const text = await (await server.admin('/config')).text();
      assert.match(text, /^db-pool = 4$/m);
      assert.match(text, /^jwt-secret = "\*+"$/m);
      assert.doesNotMatch(text, new RegExp(jwtSecret));
      assert.doesNotMatch(text, new RegExp(new URL(fixture.url).password));
      assert.doesNotMatch(text, /hunter2/);
    });
  });
});
