/** What statements with long texts, which the server needs much time and memory for, leave of it for others. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase, until } from '@peakstone/testing';
import { createPool, type Pool } from '../../src/pg/index.ts';

const most = Math.max(1, Math.min(4, availableParallelism() >> 1));
const long = (text: string, length: number): string => `${text} /* ${'x'.repeat(length)} */`;

describe('large statements', () => {
  let database: TestDatabase;
  const pools: Pool[] = [];
  const open = (size: number): Pool => {
    const pool = createPool({ url: database.superuserUrl, size, sharedSize: 0 });
    pools.push(pool);
    return pool;
  };
  const ask = async (pool: Pool, text: string): Promise<string> =>
    String((await pool.query(text)).rows[0]?.[0]);
  before(async () => {
    database = await testDatabase({});
  });
  after(async () => {
    await Promise.all(pools.map(pool => pool.close()));
    await database.drop();
  });

  it('run a few at once, and hold up nobody else', async () => {
    const holder = open(1);
    const pool = open(most + 3);
    await ask(holder, 'select pg_advisory_lock(5)');
    const asked = Array.from({ length: most + 6 }, () =>
      ask(pool, long(`select 'done' from pg_advisory_lock_shared(5)`, 20_000)),
    );
    const waiting = `select count(*) from pg_locks join pg_database on pg_database.oid = database and datname = current_database() where locktype = 'advisory' and not granted`;
    await until(async () => pool.stats.waiting === 6 && (await ask(pool, waiting)) === String(most));
    await ask(holder, 'select pg_advisory_unlock(5)');
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(['done']));
    assert.equal(pool.stats.waiting, 0);
  });

  it('are not kept by name, however often they come', async () => {
    const pool = open(1);
    const text = long('select count(*) from pg_prepared_statements', 20_000);
    for (let i = 0; i < 4; i++) assert.equal(await ask(pool, text), '0');
    const short = 'select count(*) from pg_prepared_statements';
    for (const named of ['0', '1', '1']) assert.equal(await ask(pool, short), named);
  });

  it('take their connection with them when they have cost much', async () => {
    const pool = open(1);
    const pids = new Set<string>();
    for (let i = 0; i < 4; i++) pids.add(await ask(pool, long('select pg_backend_pid()', 200_000)));
    assert.equal(pids.size, 4);
  });
});
