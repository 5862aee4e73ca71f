import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { type Cell, createPool, PgError, type Pool } from '../../src/pg/index.ts';

describe('streaming', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase();
    pool = createPool({ url: database.url, size: 1 });
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });
  const rows = (count: number, size: number): AsyncIterable<readonly Cell[]> =>
    pool.stream({
      statements: [
        { text: `select set_config('app.tag', 'T', true)`, values: [] },
        {
          text: `select g, current_setting('app.tag') || repeat('x', $2::int) from generate_series(1, $1::int) g`,
          values: [String(count), String(size)],
        },
      ],
    });

  it('yields every row of the last statement in order', async () => {
    let expected = 0;
    for await (const [number, text] of rows(50_000, 100)) {
      assert.equal(Number(String(number)), ++expected);
      assert.equal(text!.length, 101);
    }
    assert.equal(expected, 50_000);
    assert.equal(String((await pool.query('select 1')).rows[0]![0]), '1');
  });

  it('reads no further than its reader', async () => {
    const before = process.memoryUsage().rss;
    let count = 0;
    // 400 MB, of which only what is on the way may be held.
    for await (const _ of rows(4000, 100_000)) {
      if (++count === 3) await sleep(200);
      if (count === 40) break;
    }
    const grownMb = (process.memoryUsage().rss - before) / 1_048_576;
    assert.ok(grownMb < 60, `grew by ${grownMb.toFixed(0)} MB`);
  });

  it('cancels when the reader leaves early', async () => {
    let count = 0;
    // In the select list the series is made row by row. To its end it would take longer than a test may.
    const endless = [{ text: 'select generate_series(1, 1000000000000)', values: [] }];
    for await (const _ of pool.stream({ statements: endless })) if (++count === 5) break;
    await pool.query('select 1');
    assert.equal(pool.stats.size, 1);
  });

  it('throws what the server refuses, before or amid the rows', async () => {
    const read = async (text: string): Promise<number> => {
      let count = 0;
      for await (const _ of pool.stream({ begin: 'begin', statements: [{ text, values: [] }] })) count++;
      return count;
    };
    await assert.rejects(read('select * from nowhere'), PgError);
    await assert.rejects(read('select 1 / (20000 - g) from generate_series(1, 30000) g'), PgError);
    assert.equal(await read('select 1 from generate_series(1, 3)'), 3);
  });

  it('ends with the abort signal', async () => {
    const aborter = new AbortController();
    const reading = (async () => {
      for await (const _ of pool.stream({
        statements: [{ text: 'select generate_series(1, 1000000000000)', values: [] }],
        signal: aborter.signal,
      })) {
        await sleep(1);
      }
    })();
    setTimeout(() => aborter.abort(new Error('enough')), 50);
    await assert.rejects(reading, /enough/);
    await pool.query('select 1');
  });
});
