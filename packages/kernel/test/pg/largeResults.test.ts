import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import {
  AnswerBound,
  createPool,
  type Exchange,
  LargeResultError,
  PgError,
  type Pool,
  type Statement,
} from '../../src/pg/index.ts';

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
      assert.equal(error.reason, 'size');
      assert.ok(error.bytes! > 300_000_000 && error.bytes! < 300_001_000);
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
      assert.ok(
        each.reason instanceof LargeResultError && each.reason.reason === 'turn',
        String(each.reason),
      );
    }
    for (let n = 0; n < 5; n++) {
      const [result] = await pool.exchange(row(1_990_000));
      assert.equal(result?.rows[0]?.[0]?.length, 1_990_000);
    }
  });

  /** A list of rows that is bounded where it is made; `value` stands beside its items. */
  const list = (rows: number, bytes: number, value = '1'): Statement => {
    const bound = new AnswerBound(maxResultBytes);
    const sum = bound.sum('item');
    const each = `select to_json(repeat('x', ${bytes})) as item, ${value} as value from generate_series(1, ${rows}) g offset 0`;
    const text = `select coalesce(json_agg(item), ${sum}, '[]'), max(value) from (${each}) _`;
    return { ...bound.finish(text), values: [] };
  };
  const length = async (statement: Statement): Promise<number | undefined> => {
    const [result] = await pool.exchange({ statements: [statement], lane: 'shared' });
    return result?.rows[0]?.[0]?.length;
  };

  it('are made once more where they outgrow what most need, and end at the bound', async () => {
    assert.equal(await length(list(0, 0)), 2);
    for (const rows of [1, 100, 1500]) assert.equal(await length(list(rows, 1000)), rows * 1004);
    await assert.rejects(length(list(10_000, 1000)), (error: unknown) => {
      assert.ok(error instanceof LargeResultError);
      assert.deepEqual([error.reason, error.bytes, error.maxBytes], ['size', null, maxResultBytes]);
      return true;
    });
    const many = await Promise.all(Array.from({ length: 8 }, () => length(list(1500, 1000))));
    assert.deepEqual(
      many,
      Array.from({ length: 8 }, () => 1500 * 1004),
    );
  });

  it('are not taken for the reason of an overflow in the statement itself', async () => {
    for (const rows of [1, 1500, 10_000]) {
      // With the first row, so that no bound is reached before.
      const overflow = length(list(rows, 1000, "'1e300'::float8 * (g * 1e300::float8)"));
      await assert.rejects(overflow, (error: unknown) => {
        assert.ok(error instanceof PgError);
        assert.equal(error.code, '22003');
        return true;
      });
    }
  });

  it('lose their bound where they have few rows and have been small, and get it back with the first large one', async () => {
    const few = (bytes: number): Statement => {
      const bound = new AnswerBound(maxResultBytes);
      const rows = "(select to_json(repeat('x', $1::int)) as item from generate_series(1, 3) offset 0) _";
      const plain = `select json_agg(item), current_setting('peakstone.none', true) from ${rows}`;
      const bounded = `select coalesce(json_agg(item), ${bound.sum('item')}) from ${rows}`;
      return { ...bound.finish(bounded), plain, values: [String(bytes)] };
    };
    /** The plain one has a column more. */
    const columns = async (bytes: number): Promise<number | undefined> => {
      const [result] = await pool.exchange({ statements: [few(bytes)], lane: 'shared' });
      return result?.fields.length;
    };
    for (let n = 0; n < 8; n++) assert.equal(await columns(10), 1);
    for (let n = 0; n < 8; n++) assert.equal(await columns(10), 2);
    assert.equal(await columns(100_000), 2);
    for (let n = 0; n < 8; n++) assert.equal(await columns(10), 1);
    assert.equal(await columns(10), 2);
    await assert.rejects(columns(3_000_000), LargeResultError);
    await assert.rejects(columns(3_000_000), LargeResultError);
    assert.equal(await columns(10), 1);
  });

  it('take what their transaction wrote along before they are made once more', async () => {
    const insert = { text: 'insert into kept values (2)', values: [] };
    await pool.exchange({ statements: [insert, list(1500, 1000)] });
    await assert.rejects(pool.exchange({ statements: [insert, list(10_000, 1000)] }), LargeResultError);
    const { rows } = await pool.query('select count(*) from kept where id = 2');
    assert.equal(rows[0]?.[0]?.toString(), '1');
  });

  it('are told as such where PostgreSQL cannot hold a value, in a pool that bounds results', async () => {
    const tooLong = { statements: [{ text: "select to_jsonb(repeat('x', 268435456))", values: [] }] };
    await assert.rejects(pool.exchange(tooLong), (error: unknown) => {
      assert.ok(error instanceof LargeResultError);
      assert.equal(error.reason, 'memory');
      assert.ok(error.cause instanceof PgError && error.cause.code === '54000');
      return true;
    });
    const boundless = createPool({ url: database.url, size: 1 });
    try {
      await assert.rejects(boundless.exchange(tooLong), PgError);
    } finally {
      await boundless.close();
    }
  });
});
