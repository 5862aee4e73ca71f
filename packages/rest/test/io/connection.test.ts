import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { holdLock, startTestServer, until } from '@peakstone/testing';
import { type Fixture, restFixture } from './support/fixture.ts';
import { spawnRest } from './support/process.ts';
import { settingsOf, startServer, withServer } from './support/server.ts';

let fixture: Fixture;
let admin: Pool;
before(async () => {
  fixture = await restFixture();
  admin = createPool({ url: fixture.superuserUrl, size: 1 });
});
after(async () => {
  await admin?.close();
  await fixture?.drop();
});

const withoutPassword = (): string => {
  const url = new URL(fixture.url);
  url.password = 'wrong';
  return url.href;
};

describe('connecting', () => {
  it('with a wrong password ends the process, as waiting would not help', async () => {
    const rest = spawnRest({ env: settingsOf(fixture, { 'db-uri': withoutPassword() }) });
    assert.equal(await rest.exit(), 1);
    assert.match(rest.err, /Failed to establish a connection\..*PGRST000.*Database connection error\./);
    assert.doesNotMatch(rest.err, /wrong/);
  });

  it('with a wrong password is a matter of health inside another process', async () => {
    await withServer(fixture, { 'db-uri': withoutPassword() }, async server => {
      const response = await server.get('/items');
      assert.equal(response.status, 503);
      const health = await server.rest.health();
      assert.equal(health.ok, false);
    });
  });

  it('to a missing database ends the process when recovery is off', async () => {
    const url = new URL(fixture.url);
    url.pathname = '/missing';
    const rest = spawnRest({
      env: settingsOf(fixture, { 'db-uri': url.href, 'db-pool-automatic-recovery': 'false' }),
    });
    assert.equal(await rest.exit(), 1);
    assert.match(rest.err, /Automatic recovery disabled, exiting\.|database "missing" does not exist/);
  });

  it('by settings that cannot work ends the process with their names, and no secret', async () => {
    for (const [settings, message] of [
      [{ 'db-uri': 'postgres://u:hunter2@h:99999/d' }, /db-uri: .*port/],
      [{ 'db-uri': 'user=u password=hunter2 sslmode=maybe' }, /db-uri: .*sslmode/],
      [{ 'db-pool': '0' }, /db-pool needs at least one connection/],
      [{ 'jwt-secret': '{"kty":"RSA"}' }, /JWK of type "RSA"/],
    ] as const) {
      const rest = spawnRest({ env: settingsOf(fixture, settings) });
      assert.equal(await rest.exit(), 1);
      assert.match(rest.err, message);
      assert.doesNotMatch(rest.err, /hunter2|at .*\.ts:/);
    }
  });

  it('shows in pg_stat_activity who it is and what it listens to', async () => {
    await withServer(fixture, {}, async server => {
      await server.get('/items');
      const { rows } = await admin.query(
        'select distinct application_name from pg_stat_activity where datname = $1 and usename = $1',
        [fixture.name],
      );
      assert.deepEqual(
        rows.map(row => String(row[0]).replace(/ \d.*/, '')),
        ['PostgREST'],
      );
      const listening = `select count(*) from pg_stat_activity where datname = $1 and query ilike 'listen "%'`;
      await until(async () => String((await admin.query(listening, [fixture.name])).rows[0]![0]) === '1');
    });
  });

  it('keeps the application name that the URI gives', async () => {
    const uri = `${fixture.url}${fixture.url.includes('?') ? '&' : '?'}application_name=mine`;
    await withServer(fixture, { 'db-uri': uri }, async server => {
      assert.equal(await (await server.get('/rpc/setting?name=application_name')).json(), 'mine');
    });
  });

  it('works with keywords in place of a URI', async () => {
    const { hostname, port, username, password, pathname } = new URL(fixture.url);
    const uri = `host=${hostname} port=${port} user=${username} password=${password} dbname=${pathname.slice(1)}`;
    await withServer(fixture, { 'db-uri': uri }, async server => {
      assert.equal((await server.get('/items')).status, 200);
      assert.match(
        (await (await server.get('/rpc/setting?name=application_name')).json()) as string,
        /^PostgREST/,
      );
    });
  });
});

describe('the pool', () => {
  it('runs as many requests at once as it has connections', async () => {
    await withServer(fixture, { 'db-pool': '2' }, async server => {
      const lock = await holdLock(fixture);
      const answers = Array.from({ length: 4 }, () => server.get('/rpc/wait'));
      await lock.waiting(2);
      await until(() => /^pgrst_db_pool_waiting 2$/m.test(server.rest.metrics()));
      assert.equal(await lock.count(), 2);
      await lock.release();
      for (const answer of answers) assert.equal((await answer).status, 204);
    });
  });

  it('refuses with 504 who waited too long, says so once, and counts', async () => {
    await withServer(fixture, { 'db-pool': '1', 'db-pool-acquisition-timeout': '1' }, async server => {
      const lock = await holdLock(fixture);
      const holder = server.get('/rpc/wait');
      await lock.waiting(1);
      const refused = await Promise.all([server.get('/items'), server.get('/items'), server.get('/items')]);
      assert.deepEqual(
        refused.map(response => response.status),
        [504, 504, 504],
      );
      assert.deepEqual(await refused[0]!.json(), {
        code: 'PGRST003',
        details: null,
        hint: null,
        message: 'Timed out acquiring connection from connection pool.',
      });
      await lock.release();
      assert.equal((await holder).status, 204);
      assert.equal(server.err.filter(line => line.includes('PGRST003')).length, 1);
      assert.match(server.rest.metrics(), /^pgrst_db_pool_timeouts_total 3$/m);
    });
  });

  it('is not asked for what needs no database', async () => {
    await withServer(fixture, { 'db-pool': '1', 'db-channel-enabled': 'true' }, async server => {
      const lock = await holdLock(fixture);
      const holder = server.get('/rpc/wait');
      await lock.waiting(1);
      assert.equal((await fetch(`${server.url}/items`, { method: 'OPTIONS' })).status, 200);
      assert.equal((await server.get('/items', { authorization: 'Bearer a.b.c' })).status, 401);
      assert.equal((await server.get('/items?select=*,nothing(*)')).status, 400);
      assert.equal((await server.get('/a/b/c')).status, 404);
      // The only connection was busy all the time.
      assert.equal(await lock.count(), 1);
      await lock.release();
      await holder;
    });
  });

  it('lets running requests end when its connections are replaced', async () => {
    await withServer(fixture, {}, async server => {
      const lock = await holdLock(fixture);
      const slow = server.get('/rpc/wait');
      await lock.waiting(1);
      const replaced = server.until(event => event.kind === 'catalogLoaded');
      server.rest.reloadCatalog();
      await replaced;
      await lock.release();
      assert.equal((await slow).status, 204);
    });
  });
});

describe('losing the database', () => {
  it('fails only the request whose connection was terminated', async () => {
    await withServer(fixture, {}, async server => {
      const lost = await server.get('/rpc/die');
      assert.equal(lost.status, 503);
      assert.match(((await lost.json()) as { code: string }).code, /^(57P01|PGRST001)$/);
      assert.equal((await server.get('/items')).status, 200);
      assert.ok(server.err.some(line => /"code":"(57P01|PGRST001)"/.test(line)));
    });
  });

  it('listens again, and reads the catalog again, when every connection was terminated', async () => {
    await withServer(fixture, {}, async server => {
      await server.untilListening();
      await admin.script(`create table missed (id int); grant select on missed to ${fixture.anon}`);
      const loaded = server.until(event => event.kind === 'catalogLoaded');
      await admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = $1',
        [fixture.name],
      );
      await loaded;
      assert.equal((await server.get('/missed')).status, 200);
      assert.ok(server.err.some(line => line.includes('Failed listening for database notifications')));
      assert.ok(
        server.err.some(line => /Retrying listening for database notifications in \d+ seconds/.test(line)),
      );
      await admin.script('drop table missed');
    });
  });

  it('is answered with 503 and a time to come back, until it is up again by itself', async () => {
    const database = await startTestServer();
    const root = createPool({ url: database.url, size: 1 });
    await root.script('create role anon; create table items (id int); grant select on items to anon');
    await root.close();
    const server = await startServer(fixture, { 'db-uri': database.url, 'db-anon-role': 'anon' });
    try {
      assert.equal((await server.get('/items')).status, 200);
      await database.kill9();
      // Its last processes may still answer before they notice.
      let away = await server.get('/items');
      await until(async () => {
        if (away.status !== 503) away = await server.get('/items');
        return away.status === 503;
      });
      assert.match(away.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      assert.match(away.headers.get('proxy-status') ?? '', /^PostgREST; error=(PGRST00[01]|57P01)$/);
      await until(async () => (await server.admin('/ready')).status === 503);
      const loaded = server.until(event => event.kind === 'catalogLoaded');
      await database.restart();
      await loaded;
      assert.equal((await server.get('/items')).status, 200);
    } finally {
      await server.stop();
      await database.stop();
    }
  });

  it('at the start too, without a catalog', async () => {
    const database = await startTestServer();
    const root = createPool({ url: database.url, size: 1 });
    await root.script('create role anon; create table items (id int); grant select on items to anon');
    await root.close();
    await database.kill9();
    const server = await startServer(fixture, { 'db-uri': database.url, 'db-anon-role': 'anon' });
    try {
      const empty = await server.get('/items');
      assert.deepEqual([empty.status, ((await empty.json()) as { code: string }).code], [503, 'PGRST002']);
      assert.match(empty.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      assert.ok(
        server.err.some(line => /Attempting to reconnect|Failed to query the PostgreSQL version/.test(line)),
      );
      assert.ok(server.out.some(line => line.includes(' - anon [') && line.includes('" 503 ')));
      const loaded = server.until(event => event.kind === 'catalogLoaded');
      await database.restart();
      await loaded;
      assert.equal((await server.get('/items')).status, 200);
    } finally {
      await server.stop();
      await database.stop();
    }
  });

  it('ends the process when recovery is off', async () => {
    const rest = spawnRest({ env: settingsOf(fixture, { 'db-pool-automatic-recovery': 'false' }) });
    await rest.untilLogged(/Listener connected/);
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = $1',
      [fixture.name],
    );
    assert.equal(await rest.exit(), 1);
  });
});
