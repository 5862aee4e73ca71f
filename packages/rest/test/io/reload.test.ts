import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { until } from '@peakstone/testing';
import { type Fixture, jwtSecret, restFixture } from './support/fixture.ts';
import { spawnRest } from './support/process.ts';
import { type Server, type Settings, settingsOf, startServer, withServer } from './support/server.ts';
import { bearer } from './support/token.ts';

let fixture: Fixture;
let admin: Pool;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rest-reload-'));
  fixture = await restFixture(
    'create schema v1; grant usage on schema v1 to :anon; create view v1.items as select 1 as one; grant select on v1.items to :anon;',
  );
  admin = createPool({ url: fixture.superuserUrl, size: 2 });
});
after(async () => {
  await admin?.close();
  await fixture?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function withListening(settings: Settings, use: (server: Server) => Promise<void>, path?: string) {
  const start = async (server: Server): Promise<void> => {
    await server.untilListening();
    await use(server);
  };
  await withServer(fixture, settings, start, path === undefined ? {} : { path });
}

const notify = (payload: string): Promise<unknown> =>
  admin.query('select pg_notify($1, $2)', [fixture.name, payload]);

async function during(server: Server, kind: string, action: () => unknown): Promise<void> {
  const seen = server.until(event => event.kind === kind);
  await action();
  await seen;
}

describe('reloading the schema cache', () => {
  it('follows a notification', async () => {
    await withListening({}, async server => {
      assert.equal((await server.get('/late')).status, 404);
      await admin.script(`create table late (id int); grant select on late to ${fixture.anon}`);
      await during(server, 'catalogLoaded', () => notify('reload schema'));
      assert.equal((await server.get('/late')).status, 200);
      await admin.script('drop table late');
      // Until it is told, the service knows the table that the database no longer has.
      const stale = await server.get('/late');
      assert.deepEqual([stale.status, ((await stale.json()) as { code: string }).code], [404, '42P01']);
      await during(server, 'catalogLoaded', () => notify(''));
      const gone = await server.get('/late');
      assert.deepEqual([gone.status, ((await gone.json()) as { code: string }).code], [404, 'PGRST205']);
      assert.ok(
        server.err.some(line =>
          line.includes(`Received a schema cache reload message on the "${fixture.name}" channel`),
        ),
      );
    });
  });

  it('loads seldom while messages go on coming, and at once for whoever waits for it', async () => {
    await withListening({}, async server => {
      const loads = (): number => server.events.filter(event => event.kind === 'catalogLoaded').length;
      const before = loads();
      const began = performance.now();
      for (let round = 0; round < 600; round++) await notify('reload schema');
      const tookMs = performance.now() - began;
      // Pauses of 100, 200, 400, 800 and 1600 ms, then of 2 s, however many messages come.
      assert.ok(loads() - before <= 7 + tookMs / 2000, `${loads() - before} loads in ${tookMs} ms`);
      for (let round = 0; round < 5; round++) {
        await notify('reload schema');
        await admin.script(
          `create table waited${round} (id int); grant select on waited${round} to ${fixture.anon}`,
        );
        await server.rest.refreshCatalog();
        assert.equal((await server.get(`/waited${round}`)).status, 200);
      }
    });
  });

  it('does nothing for messages it does not know', async () => {
    await withListening({}, async server => {
      const before = server.events.length;
      await notify('reload coffee');
      await during(server, 'configReloaded', () => notify('reload config'));
      assert.deepEqual(
        server.events
          .slice(before)
          .filter(event => event.kind === 'notified')
          .map(event => event.kind === 'notified' && event.asks),
        ['config'],
      );
    });
  });

  it('costs two loads for a burst of messages, and loses none', async () => {
    await withListening({}, async server => {
      const before = server.events.filter(event => event.kind === 'catalogLoaded').length;
      await admin.script(`create table burst (id int); grant select on burst to ${fixture.anon}`);
      // Twenty transactions from one statement: as close together as the database can send them.
      await admin.script(`do $$ begin for i in 1..20 loop
        perform pg_notify('${fixture.name}', 'reload schema'); commit;
      end loop; end $$`);
      await until(async () => (await server.get('/burst')).status === 200);
      // It waits for what is under way, so that a third load for the burst would be among them.
      await server.rest.refreshCatalog();
      const loads = server.events.filter(event => event.kind === 'catalogLoaded').length - before;
      assert.ok(loads <= 3, `${loads} loads, the last of them asked for here`);
      assert.equal((await server.get('/burst')).status, 200);
      await admin.script('drop table burst');
    });
  });

  it('keeps serving the old one while the new one cannot be loaded', async () => {
    await withListening({ 'db-config': 'true' }, async server => {
      await admin.script(`alter role ${fixture.name} set pgrst.db_schemas = 'public, nowhere'`);
      await during(server, 'catalogFailed', () => server.rest.reloadCatalog());
      assert.equal((await server.admin('/ready')).status, 503);
      assert.match(((await server.rest.health()) as { reason?: string }).reason ?? '', /not loaded/);
      assert.equal((await server.get('/items')).status, 200);
      assert.match(server.rest.metrics(), /pgrst_schema_cache_loads_total\{status="FAIL"\} 1/);
      assert.ok(
        server.err.some(line =>
          /Failed to load the schema cache using db-schemas=public,nowhere.*3F000/.test(line),
        ),
      );
      await admin.script(`alter role ${fixture.name} reset pgrst.db_schemas`);
      await server.until(event => event.kind === 'catalogLoaded');
      assert.equal((await server.admin('/ready')).status, 200);
    });
  });

  it('survives a column that changes its type, with statements prepared for the old one', async () => {
    await withListening({}, async server => {
      const create = (type: string) =>
        `create table cats (id ${type}, name text); grant select on cats to ${fixture.anon};`;
      await admin.script(create('uuid'));
      await during(server, 'catalogLoaded', () => notify('reload schema'));
      for (let i = 0; i < 10; i++) {
        assert.equal((await server.get('/cats?id=eq.dea27321-f988-4a57-93e4-8eeb38f3cf1e')).status, 200);
      }
      await admin.script(`drop table cats; ${create('bigint')}`);
      await during(server, 'catalogLoaded', () => notify('reload schema'));
      for (let i = 0; i < 10; i++) assert.equal((await server.get('/cats?id=eq.1')).status, 200);
      await admin.script('drop table cats');
    });
  });

  it('uses new connections, so that role settings take effect', async () => {
    await withListening({}, async server => {
      const read = async () => (await server.get('/rpc/setting?name=application_name')).json();
      assert.match(String(await read()), /^PostgREST \d/);
      await admin.script(`alter role ${fixture.name} set work_mem = '5MB'`);
      await during(server, 'catalogLoaded', () => server.rest.reloadCatalog());
      assert.equal(await (await server.get('/rpc/setting?name=work_mem')).json(), '5MB');
      await admin.script(`alter role ${fixture.name} reset work_mem`);
    });
  });
});

describe('reloading the configuration', () => {
  it('follows a notification, with what the database says', async () => {
    await withListening({}, async server => {
      assert.equal((await server.get('/items')).headers.get('content-range'), '0-4/*');
      await admin.script(`alter role ${fixture.name} set pgrst.db_max_rows = '2'`);
      await during(server, 'configReloaded', () => notify('reload config'));
      assert.equal((await server.get('/items')).headers.get('content-range'), '0-1/*');
      await admin.script(`alter role ${fixture.name} reset pgrst.db_max_rows`);
    });
  });

  it('changes nothing when a setting is wrong, and says so', async () => {
    await withListening({}, async server => {
      await admin.script(`alter role ${fixture.name} set pgrst.jwt_role_claim_key = 'role.other'`);
      await during(server, 'configInvalid', () => notify('reload config'));
      assert.ok(
        server.err.some(line => line.includes('Failed reloading config: ') && line.includes('role.other')),
      );
      assert.equal((await server.get('/authors_only', bearer({ role: fixture.author }))).status, 200);
      await admin.script(`alter role ${fixture.name} reset pgrst.jwt_role_claim_key`);
    });
  });

  it('reads file and secret again, and forgets tokens of the old secret', async () => {
    const secretFile = join(folder, 'secret');
    await writeFile(secretFile, jwtSecret);
    const path = join(folder, 'rest.conf');
    await writeFile(path, 'log-level = "crit"\ndb-max-rows = 1');
    const settings = { 'jwt-secret': `@${secretFile}`, 'log-level': undefined };
    await withListening(
      settings,
      async server => {
        const headers = bearer({ role: fixture.author });
        assert.equal((await server.get('/authors_only', headers)).status, 200);
        await writeFile(secretFile, 'another secret of at least thirty-two bytes');
        await during(server, 'catalogLoaded', () => server.rest.reloadCatalog());
        await writeFile(path, 'log-level = "info"\ndb-max-rows = 3');
        await server.rest.reloadConfig();
        assert.equal((await server.get('/authors_only', headers)).status, 401);
        assert.equal(server.out.length, 1, 'only what came after the level was raised is logged');
        assert.equal(server.rest.config.dbMaxRows, 3);
      },
      path,
    );
  });

  it('starts and stops listening', async () => {
    const path = join(folder, 'channel.conf');
    await writeFile(path, 'db-channel-enabled = false');
    const server = await startServer(fixture, {}, { path });
    try {
      await writeFile(path, 'db-channel-enabled = true');
      await during(server, 'listenerStarted', () => server.rest.reloadConfig());
      await during(server, 'catalogLoaded', () => notify('reload schema'));
      await writeFile(path, 'db-channel-enabled = false');
      await server.rest.reloadConfig();
      const loads = server.events.length;
      // No session is left that could hear it.
      await until(async () => {
        const { rows } = await admin.query(
          "select from pg_stat_activity where usename = $1 and query ilike 'listen %'",
          [fixture.name],
        );
        return rows.length === 0;
      });
      await notify('reload schema');
      await server.rest.refreshCatalog();
      assert.deepEqual(
        server.events.slice(loads).filter(event => event.kind === 'notified'),
        [],
      );
    } finally {
      await server.stop();
    }
  });

  it('warns each time of the older role claim syntax', async () => {
    await withListening({ 'jwt-role-claim-key': '.roles.user_role' }, async server => {
      const warning =
        'WARNING: The config `jwt-role-claim-key=."roles"."user_role"` is using the deprecated JSPath syntax.';
      const count = () => server.err.filter(line => line.includes(warning)).length;
      const before = count();
      assert.ok(before >= 1);
      await server.rest.reloadConfig();
      assert.equal(count(), before + 1);
    });
  });

  it('goes on with what file and environment say when the pre-config function fails', async () => {
    await withListening({ 'db-pre-config': 'no_such_function' }, async server => {
      assert.equal((await server.get('/items')).status, 200);
      assert.ok(
        server.err.some(line =>
          /Failed to query database settings.*no_such_function\(\) does not exist/.test(line),
        ),
      );
    });
  });
});

describe('signals', () => {
  it('SIGUSR1 reloads the schema cache and SIGUSR2 the configuration', async () => {
    const path = join(folder, 'signals.conf');
    await writeFile(path, 'db-max-rows = 2');
    const rest = spawnRest({ args: [path], env: settingsOf(fixture, { 'db-channel-enabled': 'false' }) });
    try {
      const [, address] = await rest.untilLogged(/API server listening on (\S+)/);
      const range = async () => (await fetch(`http://${address}/items`)).headers.get('content-range');
      assert.equal(await range(), '0-1/*');
      await writeFile(path, 'db-max-rows = 3');
      rest.child.kill('SIGUSR2');
      await rest.untilLogged(/(?:Config reloaded[\s\S]*){2}/);
      assert.equal(await range(), '0-2/*');
      rest.child.kill('SIGUSR1');
      await rest.untilLogged(/(?:Schema cache loaded in [\s\S]*){2}/);
      assert.equal(await range(), '0-2/*');
    } finally {
      assert.equal(await rest.exit('SIGTERM'), 0);
    }
  });
});
