import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectSql, startTestServer, type TestServer, until } from '@peakstone/testing';
import { ConnectionError, createPool, listen, type Pool, type PoolEvent } from '../../src/pg/index.ts';

/** PostgreSQL's refusal of a connection too many, as it stands on the wire. */
const TOO_MANY = errorResponse('SFATAL\0C53300\0Msorry, too many clients already\0\0');

/** How it ends a session, having read nothing of what comes. */
const IDLE_TOO_LONG = errorResponse(
  'SFATAL\0VFATAL\0C57P05\0Mterminating connection due to idle-session timeout\0\0',
);

/** Waits until so many sessions sleep. */
async function asleep(server: TestServer, count: number): Promise<void> {
  const client = connectSql(server.url);
  try {
    await until(async () => {
      const [row] = await client.query("select count(*) from pg_stat_activity where wait_event = 'PgSleep'");
      return Number(row?.[0]) === count;
    });
  } finally {
    await client.close();
  }
}

describe('when the server dies', () => {
  let server: TestServer;
  let pool: Pool;
  const events: PoolEvent[] = [];
  before(async () => {
    server = await startTestServer({ durable: false });
    pool = createPool({ url: server.url, size: 4, onEvent: event => events.push(event) });
  });
  after(async () => {
    await pool.close();
    await server.stop();
  });

  const works = (): Promise<boolean> =>
    pool.query('select 1').then(
      () => true,
      () => false,
    );

  it('refuses fast meanwhile and serves again by itself', async () => {
    const heard: string[] = [];
    const listener = listen({
      url: server.url,
      channels: ['news'],
      onNotify: (channel, payload) => heard.push(`${channel} ${payload}`),
      onListening: () => heard.push('listening'),
      onLost: error => heard.push(error instanceof ConnectionError ? 'lost' : String(error)),
    });
    try {
      await until(() => heard.includes('listening'));
      await pool.query(`select pg_notify('news', 'one')`);
      await until(() => heard.includes('news one'));
      const running = [
        assert.rejects(pool.query('select pg_sleep(30)'), ConnectionError),
        assert.rejects(
          pool.exchange({ lane: 'shared', statements: [{ text: 'select pg_sleep(30)', values: [] }] }),
          ConnectionError,
        ),
      ];
      await asleep(server, 2);
      await server.kill9();
      await Promise.all(running);
      await until(() => pool.stats.unreachable !== null || pool.stats.size === 0);
      await assert.rejects(pool.query('select 1'), ConnectionError);
      assert.ok(pool.stats.unreachable);
      const started = performance.now();
      for (let i = 0; i < 1000; i++) await assert.rejects(pool.query('select 1'), ConnectionError);
      // Trying to connect each time would take minutes.
      assert.ok(performance.now() - started < 20_000);
      assert.equal(pool.stats.waiting, 0);
      heard.length = 0;
      await server.restart();
      // Nobody asks: the pool finds out by itself.
      await until(() => pool.stats.unreachable === null);
      assert.ok(await works());
      await until(() => heard.includes('listening'));
      await pool.query(`select pg_notify('news', 'two')`);
      await until(() => heard.includes('news two'));
    } finally {
      await listener.close();
    }
    const kinds = new Set(events.map(event => event.kind));
    assert.ok(kinds.has('connected') && kinds.has('disconnected') && kinds.has('connectFailed'));
    const pauses = events.filter(event => event.kind === 'connectFailed').map(event => event.retryInMs);
    assert.ok(pauses.every(pause => pause >= 70 && pause <= 5000));
  });

  it('loses no answer while the server restarts under load', async () => {
    let answered = 0;
    let refused = 0;
    let stop = false;
    const workers = Array.from({ length: 8 }, async (_, i) => {
      while (!stop) {
        try {
          const lane = i % 2 ? 'own' : 'shared';
          const [result] = await pool.exchange({
            lane,
            statements: [{ text: 'select $1::int', values: [String(i)] }],
          });
          assert.equal(String(result!.rows[0]![0]), String(i));
          answered++;
        } catch (error) {
          assert.ok(error instanceof ConnectionError, String(error));
          refused++;
          await sleep(5);
        }
      }
    });
    await until(() => answered > 0);
    await server.restart();
    await until(works);
    const before = answered;
    await until(() => answered > before + 100);
    stop = true;
    await Promise.all(workers);
    assert.ok(refused > 0);
  });

  it('keeps what waits while a connection is still being opened, though another was refused', async t => {
    // The first to come is let through only after the second has been refused.
    const refused = Promise.withResolvers<void>();
    let arrived = 0;
    const door = createServer(client => {
      client.on('error', () => client.destroy());
      if (++arrived > 1) {
        client.once('data', () => client.end(TOO_MANY));
        return client.once('close', refused.resolve);
      }
      refused.promise.then(() => {
        const inside = connect(server.port, '127.0.0.1').on('error', () => client.destroy());
        client.pipe(inside).pipe(client);
      });
    });
    await once(door.listen(0, '127.0.0.1'), 'listening');
    const { port } = door.address() as AddressInfo;
    const admin = createPool({ url: server.url, size: 1 });
    await admin.script("create role patient login password 'patient'");
    const small = createPool({
      url: `host=127.0.0.1 port=${port} user=patient password=patient dbname=postgres sslmode=disable`,
      size: 2,
      sharedSize: 0,
      acquireTimeoutMs: 60_000,
    });
    t.after(async () => {
      await Promise.all([admin.close(), small.close()]);
      door.close();
    });
    const results = await Promise.all(['1', '2'].map(value => small.query('select $1::text', [value])));
    assert.deepEqual(
      results.map(({ rows }) => String(rows[0]![0])),
      ['1', '2'],
    );
  });

  it('sends what no server has begun anew, through however many sessions that end', async t => {
    const ending = 5;
    let asked = 0;
    const door = createServer(client => {
      const inside = connect(server.port, '127.0.0.1').on('error', () => client.destroy());
      client.on('error', () => inside.destroy()).on('close', () => inside.destroy());
      inside.pipe(client);
      client.on('data', data => {
        // An exchange begins with a Parse; its session has just ended.
        if (data[0] === 0x50 && ++asked <= ending) client.end(IDLE_TOO_LONG);
        else inside.write(data);
      });
    });
    await once(door.listen(0, '127.0.0.1'), 'listening');
    const { port } = door.address() as AddressInfo;
    const admin = createPool({ url: server.url, size: 1 });
    await admin.script("create role restless login password 'restless'");
    const pool = createPool({
      url: `host=127.0.0.1 port=${port} user=restless password=restless dbname=postgres sslmode=disable`,
      size: 1,
      sharedSize: 0,
      isolated: true,
      acquireTimeoutMs: 60_000,
    });
    t.after(async () => {
      await Promise.all([admin.close(), pool.close()]);
      door.close();
    });
    const { rows } = await pool.query('select 1::text');
    assert.equal(String(rows[0]?.[0]), '1');
    assert.equal(asked, ending + 1);
  });

  it('keeps what waits while other connections still work', async () => {
    const admin = createPool({ url: server.url, size: 1 });
    await admin.script('create role few login connection limit 2; grant few to postgres');
    await admin.script("alter role few password 'few'");
    const small = createPool({
      url: `host=127.0.0.1 port=${server.port} user=few password=few dbname=postgres`,
      size: 8,
      sharedSize: 0,
      acquireTimeoutMs: 60_000,
    });
    try {
      const results = await Promise.all(
        Array.from({ length: 20 }, () => small.query('select pg_sleep(0.02)')),
      );
      assert.equal(results.length, 20);
      assert.ok(small.stats.size <= 2);
    } finally {
      await Promise.all([admin.close(), small.close()]);
    }
  });
});

function errorResponse(fields: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + fields.length);
  return Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)]);
}
