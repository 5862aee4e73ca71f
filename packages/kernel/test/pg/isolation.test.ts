import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as rest } from 'node:timers/promises';
import { type TestDatabase, testDatabase, until } from '@peakstone/testing';
import { createPool, type Exchange, PgError, type Pool, type Result } from '../../src/pg/index.ts';
import { isAlive } from '../../src/process.ts';

/** What a function may leave in its session, and a question whose answer gives it away. */
const leftovers: readonly (readonly [what: string, leave: string, ask: string])[] = [
  [
    'a setting of its own',
    `select set_config('app.tenant', 'evil', false)`,
    `select coalesce(current_setting('app.tenant', true), '')`,
  ],
  ['a time-out', `select set_config('statement_timeout', '1min', false)`, 'show statement_timeout'],
  ['a search path', `select set_config('search_path', 'evil', false)`, 'show search_path'],
  [
    'a time zone',
    `select set_config('timezone', 'Asia/Tokyo', false)`,
    `select timestamptz '2020-01-01 00:00Z'::text`,
  ],
  ['an encoding', `select set_config('client_encoding', 'LATIN1', false)`, `select 'é'`],
  [
    'planner settings',
    `select set_config('plan_cache_mode', 'force_generic_plan', false)`,
    'show plan_cache_mode',
  ],
  [
    'asynchronous commits',
    `select set_config('synchronous_commit', 'off', false)`,
    'show synchronous_commit',
  ],
  ['row security turned off', `select set_config('row_security', 'off', false)`, 'show row_security'],
  [
    'read-only transactions',
    `select set_config('default_transaction_read_only', 'on', false)`,
    'show default_transaction_read_only',
  ],
  [
    'another isolation level',
    `select set_config('default_transaction_isolation', 'serializable', false)`,
    'show default_transaction_isolation',
  ],
  ['a cursor', 'select leave_cursor()', `select count(*)::text from pg_cursors where name = 'left_behind'`],
];

/** Those that reads on a shared connection can neither leave nor see. */
const ofWriters: typeof leftovers = [
  [
    'a temporary table',
    'select leave_table()',
    `select count(*)::text from pg_class where relname = 'left_behind'`,
  ],
  [`a sequence's last value`, `select nextval('numbers')`, 'select last_number()'],
];

/** Those that only exchanges on a connection of their own can leave or see. */
const ofOwn: typeof leftovers = [
  ['a role', `select set_config('role', 'pg_monitor', false)`, 'select current_user'],
];

const ofLane = {
  shared: leftovers,
  write: [...leftovers, ...ofWriters],
  own: [...leftovers, ...ofWriters, ...ofOwn],
};

const exchangeOf = (lane: 'shared' | 'write' | 'own', ...texts: string[]): Exchange => ({
  lane,
  statements: texts.map(text => ({ text, values: [] })),
});
const answer = (results: readonly Result[]): string => String(results.at(-1)!.rows[0]![0]);

describe('an isolated session', () => {
  let database: TestDatabase;
  const pools: Pool[] = [];
  const open = (options: { size: number; sharedSize: number }): Pool => {
    const pool = createPool({ url: database.superuserUrl, isolated: true, ...options });
    pools.push(pool);
    return pool;
  };
  before(async () => {
    database = await testDatabase({
      sql: `
        create table note (n int);
        create function leave_table() returns void language plpgsql as 'begin create temp table left_behind (n int); end';
        create function leave_cursor() returns void language plpgsql as $$ begin execute 'declare left_behind cursor with hold for select 1'; end $$;
        create sequence numbers;
        create function last_number() returns text language plpgsql as $$ begin
          return currval('numbers') || ', ' || lastval();
          exception when object_not_in_prerequisite_state then return 'none'; end $$;
        create function leave_channel() returns void language plpgsql as 'begin listen left_behind; end';
        create function drop_prepared() returns void language plpgsql as 'begin deallocate all; end';
        create function prepare_once() returns text language plpgsql as
          $$ begin execute 'prepare left_behind as select 1'; return 'fine'; end $$;`,
    });
  });
  after(async () => {
    await Promise.all(pools.map(pool => pool.close()));
    await database.drop();
  });

  for (const lane of ['shared', 'write', 'own'] as const) {
    it(`hands nothing on from one exchange to the next, nor to neighbours sent at once, on the lane ${lane}`, async () => {
      const pool = open(lane === 'shared' ? { size: 2, sharedSize: 1 } : { size: 1, sharedSize: 0 });
      for (const [what, leave, ask] of ofLane[lane]) {
        const clean = answer(await pool.exchange(exchangeOf(lane, ask)));
        const answers: Promise<readonly Result[]>[] = [];
        for (let i = 0; i < 20; i++) {
          void pool.exchange(exchangeOf(lane, leave));
          for (let n = 0; n < 3; n++) answers.push(pool.exchange(exchangeOf(lane, ask)));
        }
        for (const results of await Promise.all(answers)) assert.equal(answer(results), clean, what);
        assert.equal(answer(await pool.exchange(exchangeOf(lane, ask))), clean, `${what}, later`);
      }
    });
  }

  it('keeps implicit transactions read committed and writable, whatever defaults a function leaves or an administrator sets', async () => {
    const pool = open({ size: 1, sharedSize: 0 });
    const writes = (): Promise<readonly Result[]> =>
      pool.exchange(
        exchangeOf(
          'write',
          `select set_config('transaction_isolation', 'read committed', true), set_config('transaction_read_only', 'off', true)`,
          'insert into note values (1)',
          `select current_setting('transaction_isolation')`,
        ),
      );
    for (const [setting, value] of [
      ['default_transaction_read_only', 'on'],
      ['default_transaction_isolation', 'serializable'],
    ]) {
      const leaving = pool.exchange(
        exchangeOf('write', `select set_config('${setting}', '${value}', false)`),
      );
      const written = await Promise.all(Array.from({ length: 10 }, writes));
      await leaving;
      for (const results of written) assert.equal(answer(results), 'read committed');
    }
    const [, count] = await pool.exchange(exchangeOf('own', 'select 1', 'select count(*)::text from note'));
    assert.equal(answer([count!]), '20');
  });

  it('prepares anew what a function dropped, for every statement of every exchange already sent', async () => {
    for (const [size, sharedSize, lane] of [
      [2, 1, 'shared'],
      [1, 0, 'own'],
    ] as const) {
      const pool = open({ size, sharedSize });
      const three = (begin?: string): Promise<readonly Result[]> =>
        pool.exchange({
          ...exchangeOf(lane, `select set_config('app.x', 'y', true)`, 'select 1', 'select 2'),
          ...(begin ? { begin } : {}),
        });
      await three();
      for (let round = 0; round < 5; round++) {
        const dropping = pool.exchange(
          exchangeOf(lane, 'select 0', 'select drop_prepared()', 'select 3', 'select 1'),
        );
        const others = Array.from({ length: 12 }, (_, i) =>
          three(i % 3 === 0 ? 'begin isolation level repeatable read' : undefined),
        );
        assert.equal(answer(await dropping), '1');
        for (const results of await Promise.all(others)) assert.equal(answer(results), '2');
      }
    }
  });

  it('mends several kinds of leftovers for one exchange', async () => {
    const pool = open({ size: 1, sharedSize: 0 });
    const write = exchangeOf(
      'own',
      `select set_config('transaction_isolation', 'read committed', true), set_config('transaction_read_only', 'off', true)`,
      'insert into note values (2)',
      `select current_setting('transaction_isolation')`,
    );
    await pool.exchange(write);
    for (const setting of [
      `'default_transaction_isolation', 'serializable'`,
      `'default_transaction_read_only', 'on'`,
    ]) {
      const leaving = pool.exchange(
        exchangeOf('own', `select set_config(${setting}, false), drop_prepared()`),
      );
      const written = pool.exchange(write);
      await leaving;
      assert.equal(answer(await written), 'read committed');
    }
  });

  it('lets a function prepare under the same name again', async () => {
    const pool = open({ size: 1, sharedSize: 0 });
    for (let i = 0; i < 5; i++) {
      assert.equal(answer(await pool.exchange(exchangeOf('own', 'select prepare_once()'))), 'fine');
    }
  });

  it('gives up locks of the session, channels and prepared statements once it rests', async () => {
    const pool = open({ size: 3, sharedSize: 1 });
    const other = open({ size: 1, sharedSize: 0 });
    const asked = 'select count(*)::text from pg_listening_channels()';
    await pool.exchange(exchangeOf('own', 'select leave_channel()'));
    await until(async () => {
      await rest(100);
      return answer(await pool.exchange(exchangeOf('own', asked))) === '0';
    });
    for (const lane of ['own', 'shared'] as const) {
      await pool.exchange(exchangeOf(lane, 'select pg_advisory_lock(7)'));
      await other.exchange(exchangeOf('own', 'select pg_advisory_lock(7), pg_advisory_unlock(7)'));
    }
    const [made] = await pool.exchange(exchangeOf('own', 'select pg_backend_pid()::text, prepare_once()'));
    const alive = `select count(*)::text from pg_stat_activity where pid = ${answer([made!])}`;
    await until(async () => answer(await other.exchange(exchangeOf('own', alive))) === '0');
  });

  it('sends what a session ended by a left time-out has not begun to another one', async () => {
    const pool = open({ size: 1, sharedSize: 0 });
    for (const setting of ['idle_session_timeout', 'transaction_timeout', 'statement_timeout']) {
      for (let i = 0; i < 20; i++) {
        await pool.exchange(exchangeOf('own', `select set_config('${setting}', '1ms', false)`));
        assert.equal(answer(await pool.exchange(exchangeOf('own', 'select 1'))), '1', setting);
      }
    }
  });

  it('sends what was to go to a session that has ended meanwhile to another one', async () => {
    const pool = open({ size: 2, sharedSize: 1 });
    for (const lane of ['shared', 'own'] as const) {
      const leave = `select set_config('idle_session_timeout', '1ms', false), pg_backend_pid()::text`;
      const [left] = await pool.exchange(exchangeOf(lane, leave));
      const answers = [1, 2].map(n => pool.exchange(exchangeOf(lane, `select '${n}'`)));
      // Before the loop goes on to write them, and without hearing that the session has ended.
      while (isAlive(Number(left!.rows[0]![1])))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      assert.deepEqual((await Promise.all(answers)).map(answer), ['1', '2'], lane);
    }
  });

  it('does not send anew what failed by itself', async () => {
    const pool = open({ size: 1, sharedSize: 0 });
    await pool.script('create sequence tries');
    const failing = `do $$ begin perform nextval('tries'); raise exception 'no' using errcode = '42883'; end $$`;
    for (let i = 0; i < 2; i++) {
      await assert.rejects(
        pool.exchange(exchangeOf('own', failing)),
        error => error instanceof PgError && error.code === '42883',
      );
    }
    assert.equal(answer(await pool.exchange(exchangeOf('own', 'select last_value::text from tries'))), '2');
  });
});
