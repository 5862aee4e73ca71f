import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdLock, type TestDatabase, testDatabase, until, WAIT_FOR_LOCK } from '@peakstone/testing';
import {
  ConnectionError,
  ConnectionLostError,
  createPool,
  type Pool,
  type PoolEvent,
  type PoolOptions,
  PoolTimeoutError,
} from '../../src/pg/index.ts';

describe('the pool', () => {
  let database: TestDatabase;
  const pools: Pool[] = [];
  const events: PoolEvent[] = [];
  const open = (options: Partial<PoolOptions> = {}): Pool => {
    const pool = createPool({ url: database.url, onEvent: event => events.push(event), ...options });
    pools.push(pool);
    return pool;
  };
  before(async () => {
    database = await testDatabase();
  });
  after(async () => {
    await Promise.all(pools.map(pool => pool.close()));
    await database.drop();
  });
  const sleeps = (pool: Pool, seconds: number): Promise<unknown> =>
    pool.query('select pg_sleep($1::float8)', [String(seconds)]);

  it('never opens more than its size, and serves in order', async () => {
    const pool = open({ size: 3, sharedSize: 1 });
    const order: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, i) => sleeps(pool, 0.01).then(() => order.push(i))));
    assert.equal(pool.stats.size, 2);
    assert.equal(pool.stats.idle, 2);
    assert.ok(order.indexOf(0) < order.indexOf(10) && order.indexOf(10) < order.indexOf(19));
  });

  it('refuses after the acquisition time-out, and at once when too many wait', async () => {
    const pool = open({ size: 1, acquireTimeoutMs: 250, maxWaiting: 2 });
    await pool.query('select 1');
    const lock = await holdLock(database);
    const busy = pool.query(WAIT_FOR_LOCK);
    const started = performance.now();
    const waiting = [sleeps(pool, 0), sleeps(pool, 0)].map(each => assert.rejects(each, PoolTimeoutError));
    await assert.rejects(sleeps(pool, 0), PoolTimeoutError);
    assert.equal(pool.stats.waiting, 2, 'the third was refused before the others');
    await Promise.all(waiting);
    assert.ok(performance.now() - started >= 245);
    assert.equal(pool.stats.timeouts, 2);
    assert.equal(pool.stats.waiting, 0);
    assert.ok(events.some(event => event.kind === 'acquireTimeout'));
    await lock.release();
    await busy;
  });

  it('refuses after the time-out by a clock that is never put back', async test => {
    const pool = open({ size: 1, acquireTimeoutMs: 250 });
    await pool.query('select 1');
    const lock = await holdLock(database);
    const busy = pool.query(WAIT_FOR_LOCK);
    const waiting = assert.rejects(sleeps(pool, 0), PoolTimeoutError);
    const { now } = Date;
    test.mock.method(Date, 'now', () => now() - 86_400_000);
    await waiting;
    await lock.release();
    await busy;
  });

  it('does not count those who gave up waiting', async () => {
    const pool = open({ size: 1, maxWaiting: 10 });
    await pool.query('select 1');
    const busy = sleeps(pool, 0.2);
    for (let i = 0; i < 50; i++) {
      const aborter = new AbortController();
      const given = pool.exchange({ statements: [{ text: 'select 1', values: [] }], signal: aborter.signal });
      aborter.abort(new Error('gave up'));
      await assert.rejects(given, /gave up/);
    }
    assert.equal(pool.stats.waiting, 0);
    await pool.query('select 1');
    await busy;
  });

  it('closes idle connections and replaces old ones', async () => {
    const kinds: string[] = [];
    const pool = open({ size: 3, maxIdleMs: 50, onEvent: ({ kind }) => kinds.push(kind) });
    await Promise.all([
      sleeps(pool, 0.01),
      pool.exchange({ lane: 'shared', statements: [{ text: 'select 1', values: [] }] }),
    ]);
    assert.equal(kinds.filter(kind => kind === 'connected').length, 2);
    await until(() => pool.stats.size === 0);

    const ageing = open({ size: 2, sharedSize: 1, maxLifetimeMs: 100 });
    const pid = async (lane: 'own' | 'shared'): Promise<string> =>
      String(
        (await ageing.exchange({ lane, statements: [{ text: 'select pg_backend_pid()', values: [] }] }))[0]!
          .rows[0]![0],
      );
    for (const lane of ['own', 'shared'] as const) {
      const first = await pid(lane);
      await until(async () => (await pid(lane)) !== first);
    }
  });

  it('cancels what an aborted exchange runs, and its connection serves on', async () => {
    const pool = open({ size: 1 });
    for (const begin of [undefined, 'begin']) {
      await assert.rejects(
        pool.exchange({
          // Longer than a test may take.
          statements: [{ text: 'select pg_sleep(600)', values: [] }],
          signal: AbortSignal.timeout(50),
          ...(begin ? { begin } : {}),
        }),
        { name: 'TimeoutError' },
      );
      const { rows } = await pool.query(
        `select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
      );
      assert.equal(String(rows[0]![0]), '0');
    }
    assert.equal(pool.stats.size, 1);
  });

  it('never lets a late cancel hit the next exchange', async () => {
    const pool = open({ size: 1 });
    for (let i = 0; i < 40; i++) {
      const aborter = new AbortController();
      const first = pool.exchange({
        statements: [{ text: 'select pg_sleep(0.001)', values: [] }],
        signal: aborter.signal,
      });
      setTimeout(() => aborter.abort(new Error('late')), i % 4);
      await first.catch(() => {});
      await pool.query('select pg_sleep(0.002)');
    }
  });

  it('replaces every connection, each when it has finished what it does', async () => {
    const pool = open({ size: 3, sharedSize: 1 });
    const pid = async (lane: 'own' | 'shared'): Promise<string> => {
      const [result] = await pool.exchange({
        lane,
        statements: [{ text: 'select pg_backend_pid()', values: [] }],
      });
      return String(result!.rows[0]![0]);
    };
    const before = [await pid('own'), await pid('shared')];
    const running = pool.query('select pg_backend_pid(), pg_sleep(0.2)');
    pool.recycle();
    const after = [await pid('own'), await pid('shared')];
    assert.equal(new Set([...before, ...after]).size, 4);
    const finished = String((await running).rows[0]![0]);
    assert.ok(before.includes(finished));
    assert.ok(![await pid('own'), await pid('own')].includes(finished));
  });

  it('finishes what runs before it closes, then refuses', async () => {
    const pool = open({ size: 1 });
    await pool.query('select 1');
    const running = [sleeps(pool, 0.1), sleeps(pool, 0.01)];
    await Promise.all([pool.close(), pool.close()]);
    await Promise.all(running);
    assert.equal(pool.stats.size, 0);
    await assert.rejects(sleeps(pool, 0), ConnectionError);
  });

  it('gives up waiting for what outlasts the grace', async () => {
    const pool = open({ size: 1 });
    const hanging = assert.rejects(sleeps(pool, 20), ConnectionError);
    await sleep(50);
    await pool.close(50);
    await hanging;
  });

  it('survives a backend that is terminated under an exchange', async () => {
    const pool = open({ size: 4, sharedSize: 1 });
    const killer = createPool({ url: database.superuserUrl, size: 1 });
    pools.push(killer);
    for (const lane of ['own', 'shared'] as const) {
      const victim = assert.rejects(
        pool.exchange({ lane, statements: [{ text: 'select pg_sleep(20)', values: [] }] }),
        (error: unknown) => error instanceof ConnectionLostError && /terminat/.test(error.message),
      );
      const neighbour = pool.exchange({
        lane: 'own',
        statements: [{ text: 'select pg_sleep(0.3)', values: [] }],
      });
      const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query = 'select pg_sleep(20)'`;
      for (let killed = 0; killed === 0; ) killed = (await killer.query(terminate)).rows.length;
      await victim;
      await neighbour;
      await pool.exchange({ lane, statements: [{ text: 'select 1', values: [] }] });
    }
    assert.ok(events.some(event => event.kind === 'disconnected' && /terminat/.test(event.reason)));
  });

  it('says which option is wrong', () => {
    for (const [name, value] of [
      ['size', 0],
      ['acquireTimeoutMs', -1],
      ['pipelineDepth', 1.5],
    ] as const) {
      assert.throws(() => createPool({ url: database.url, [name]: value }), new RegExp(name));
    }
  });
});
