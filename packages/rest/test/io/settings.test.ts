import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { until } from '@peakstone/testing';
import { restService } from '../../src/index.ts';
import { type Fixture, restFixture } from './support/fixture.ts';
import { settingsOf, withServer } from './support/server.ts';
import { bearer } from './support/token.ts';

let fixture: Fixture;
let admin: Pool;
before(async () => {
  fixture = await restFixture(`
    alter role :anon set statement_timeout = '5s';
    alter role :author set statement_timeout = '10s';
    alter role :author set default_transaction_isolation = 'REPEATABLE READ';
    alter role :author set log_min_duration_statement = 1;
    create view isolation as select current_setting('transaction_isolation') as level;
    grant select on isolation to :anon, :author;
    create function isolation_level() returns text language sql stable as $$ select current_setting('transaction_isolation') $$;
    create function serializable() returns text language sql stable set default_transaction_isolation = 'serializable'
      as $$ select current_setting('transaction_isolation') $$;
    create function hurried() returns void language sql volatile set statement_timeout = '300ms' as $$ select pg_sleep(2) $$;
    create function two() returns table (memory text, timeout text) language sql stable
      set work_mem = '3000kB' set statement_timeout = '7s'
      as $$ select current_setting('work_mem'), current_setting('statement_timeout') $$;
    create function letters(n int) returns text language sql stable as $$ select repeat('x', n) $$;
    create schema other; grant usage on schema other to :anon;
    create function other.where_am_i() returns text language sql stable as $$ select current_setting('search_path') $$;
  `);
  admin = createPool({ url: fixture.superuserUrl, size: 1 });
});
after(async () => {
  await admin?.close();
  await fixture?.drop();
});

const json = async (response: Promise<Response>): Promise<unknown> => (await response).json();

describe('settings of a role', () => {
  it('hold for its requests, and follow a reload', async () => {
    await withServer(fixture, {}, async server => {
      const timeout = '/rpc/setting?name=statement_timeout';
      assert.equal(await json(server.get(timeout)), '5s');
      assert.equal(await json(server.get(timeout, bearer({ role: fixture.author }))), '10s');
      await admin.script(`alter role ${fixture.anon} set statement_timeout = '8s'`);
      await server.rest.reloadConfig();
      assert.equal(await json(server.get(timeout)), '8s');
      await admin.script(`alter role ${fixture.anon} set statement_timeout = '5s'`);
    });
  });

  it('choose the isolation level, unless a function does', async () => {
    await withServer(fixture, {}, async server => {
      const author = bearer({ role: fixture.author });
      assert.deepEqual(await json(server.get('/isolation')), [{ level: 'read committed' }]);
      assert.deepEqual(await json(server.get('/isolation', author)), [{ level: 'repeatable read' }]);
      assert.equal(await json(server.get('/rpc/isolation_level')), 'read committed');
      assert.equal(await json(server.get('/rpc/isolation_level', author)), 'repeatable read');
      assert.equal(await json(server.get('/rpc/serializable', author)), 'serializable');
    });
  });

  it('that only a superuser may set do not get in the way', async () => {
    await withServer(fixture, {}, async server => {
      assert.equal((await server.get('/items', bearer({ role: fixture.author }))).status, 200);
      await admin.script(`grant set on parameter log_min_duration_statement to ${fixture.name}`);
      await server.rest.reloadConfig();
      const set = server.get(
        '/rpc/setting?name=log_min_duration_statement',
        bearer({ role: fixture.author }),
      );
      assert.equal(await json(set), '1ms');
      await admin.script(`revoke set on parameter log_min_duration_statement from ${fixture.name}`);
    });
  });

  it('end statements that take too long, with 500 and the reason', async () => {
    await admin.script(`alter role ${fixture.anon} set statement_timeout = '2s'`);
    try {
      await withServer(fixture, {}, async server => {
        assert.equal((await server.get('/rpc/sleep?seconds=0.01')).status, 204);
        const response = await server.get('/rpc/sleep?seconds=60');
        assert.equal(response.status, 500);
        assert.equal(response.headers.get('proxy-status'), 'PostgREST; error=57014');
        assert.equal(
          await response.text(),
          '{"code":"57014","details":null,"hint":null,"message":"canceling statement due to statement timeout"}',
        );
      });
    } finally {
      await admin.script(`alter role ${fixture.anon} set statement_timeout = '5s'`);
    }
  });
});

describe('settings of a function', () => {
  it('hold for the whole transaction when they are hoisted', async () => {
    await withServer(fixture, {}, async server => {
      assert.equal((await server.get('/rpc/hurried')).status, 500);
      assert.deepEqual(await json(server.get('/rpc/two?select=timeout')), [{ timeout: '7s' }]);
    });
    await withServer(fixture, { 'db-hoisted-tx-settings': 'work_mem' }, async server => {
      assert.equal((await server.get('/rpc/hurried')).status, 204);
    });
  });
});

describe('the largest answer', () => {
  it('is what a setting says, and any without it', async () => {
    const length = async (response: Promise<Response>): Promise<number> =>
      ((await json(response)) as string).length;
    await withServer(fixture, { 'db-max-result-bytes': '1000000' }, async server => {
      assert.equal(await length(server.get('/rpc/letters?n=900000')), 900_000);
      const refused = await server.get('/rpc/letters?n=2000000');
      assert.equal(refused.status, 400);
      const error = (await refused.json()) as Record<'code' | 'message' | 'hint', string>;
      assert.equal(error.code, 'PEAK133');
      assert.match(error.message, /^The answer has 20\d{5} bytes; at most 1000000 are given$/);
      assert.match(error.hint, /PGRST_DB_MAX_RESULT_BYTES/);
    });
    await withServer(fixture, {}, async server => {
      assert.equal(await length(server.get('/rpc/letters?n=2000000')), 2_000_000);
    });
  });
});

describe('app.settings', () => {
  it('are readable in SQL, also after the connections were replaced', async () => {
    const rest = await restService.start(
      { env: { ...settingsOf(fixture), PGRST_APP_SETTINGS_color: 'blue' } },
      { out() {}, err() {} },
      new AbortController().signal,
    );
    try {
      const read = () => json(fetch(`http://127.0.0.1:${rest.port}/rpc/setting?name=app.settings.color`));
      const backends = async () =>
        new Set(
          (
            await admin.query(
              "select pid from pg_stat_activity where usename = $1 and backend_type = 'client backend'",
              [fixture.name],
            )
          ).rows.map(row => String(row[0])),
        );
      assert.equal(await read(), 'blue');
      const before = await backends();
      assert.ok(before.size > 0);
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
        fixture.name,
      ]);
      await until(async () => [...(await backends())].every(pid => !before.has(pid)));
      await rest.refreshCatalog();
      assert.equal(await read(), 'blue');
    } finally {
      await rest.stop();
    }
  });
});

describe('schemas named in the database', () => {
  it('are served from the start', async () => {
    await admin.script(`alter role ${fixture.name} set pgrst.db_schemas = 'other'`);
    try {
      await withServer(fixture, { 'db-extra-search-path': '' }, async server => {
        assert.equal(await json(server.get('/rpc/where_am_i')), '"other"');
        assert.equal((await server.get('/items')).status, 404);
      });
    } finally {
      await admin.script(`alter role ${fixture.name} reset pgrst.db_schemas`);
    }
  });
});
