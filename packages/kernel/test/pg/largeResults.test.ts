import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { createPool, type Exchange, LargeResultError, type Pool } from '../../src/pg/index.ts';

const maxResultBytes = 2_000_000;

describe('results larger than a pool takes', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase();
    pool = createPool({ url: database.url, size: 6, maxResultBytes });
    await pool.query('create table kept (id int)');
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });

  const row = (bytes: number, more: Partial<Exchange> = {}): Exchange => ({
    statements: [{ text: `select repeat('x', $1::int)`, values: [String(bytes)] }],
    ...more,
  });

  it('are refused with their size as soon as they begin, and smaller ones are not', async () => {
    await assert.rejects(pool.exchange(row(300_000_000)), (error: unknown) => {
      assert.ok(error instanceof LargeResultError);
      assert.equal(error.isForNow, false);
      assert.ok(error.bytes > 300_000_000 && error.bytes < 300_001_000);
      return true;
    });
    const [result] = await pool.exchange(row(1_900_000));
    assert.equal(result?.rows[0]?.[0]?.length, 1_900_000);
  });

  it('are refused as well where they are many rows, unless these are read one by one', async () => {
    const many = {
      statements: [{ text: "select repeat('x', 1000) from generate_series(1, 10000)", values: [] }],
    };
    await assert.rejects(pool.exchange(many), LargeResultError);
    let rows = 0;
    for await (const _row of pool.stream(many)) rows++;
    assert.equal(rows, 10_000);
    const [result] = await pool.exchange({
      statements: [{ text: "select repeat('x', 1000) from generate_series(1, 1500)", values: [] }],
    });
    assert.equal(result?.rows.length, 1500);
  });

  it('take what their transaction wrote along', async () => {
    for (const begin of [undefined, 'begin']) {
      const insert = { text: 'insert into kept values (1)', values: [] };
      const { statements } = row(50_000_000);
      const exchange = { statements: [insert, ...statements], ...(begin && { begin }) };
      await assert.rejects(pool.exchange(exchange), LargeResultError);
    }
    const { rows } = await pool.query('select count(*) from kept');
    assert.equal(rows[0]?.[0]?.toString(), '0');
  });

  it('do not fail those that are pipelined behind them', async () => {
    const small = (n: number): Exchange => ({
      statements: [{ text: 'select $1::int', values: [String(n)] }],
      lane: 'shared',
    });
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        if (n % 20 === 0) {
          await assert.rejects(pool.exchange(row(30_000_000, { lane: 'shared' })), LargeResultError);
          return n;
        }
        const [result] = await pool.exchange(small(n));
        return Number(result?.rows[0]?.[0]?.toString());
      }),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 60 }, (_, n) => n),
    );
  });

  it('of which each is small enough have room together for four of the largest, and later for others', async () => {
    const many = await Promise.allSettled(Array.from({ length: 24 }, () => pool.exchange(row(1_990_000))));
    for (const each of many) {
      if (each.status === 'fulfilled') continue;
      assert.ok(each.reason instanceof LargeResultError && each.reason.isForNow, String(each.reason));
    }
    for (let n = 0; n < 5; n++) {
      const [result] = await pool.exchange(row(1_990_000));
      assert.equal(result?.rows[0]?.[0]?.length, 1_990_000);
    }
  });
});
