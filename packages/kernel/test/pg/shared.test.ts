import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdLock, type TestDatabase, testDatabase, WAIT_FOR_LOCK } from '@peakstone/testing';
import { createPool, PgError, type Pool } from '../../src/pg/index.ts';

describe('the shared lane', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase();
    pool = createPool({ url: database.url, size: 3, sharedSize: 2 });
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });

  it('answers each exchange by itself: no failure reaches a neighbour', async () => {
    const run = (i: number): Promise<string> => {
      const fails = i % 3 === 0;
      return pool
        .exchange({
          lane: 'shared',
          ...(i % 2 ? { begin: 'begin' } : {}),
          statements: [
            { text: `select set_config('app.n', $1, true)`, values: [String(i)] },
            { text: `select 100 / $1::int`, values: [fails ? '0' : '1'] },
            { text: `select current_setting('app.n')`, values: [] },
          ],
        })
        .then(results => String(results[2]!.rows[0]![0]));
    };
    for (let round = 0; round < 3; round++) {
      const settled = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => run(i)));
      settled.forEach((outcome, i) => {
        if (i % 3 === 0) {
          assert.ok(outcome.status === 'rejected' && outcome.reason instanceof PgError);
          assert.equal(outcome.reason.code, '22012');
        } else {
          assert.equal(outcome.status === 'fulfilled' && outcome.value, String(i));
        }
      });
    }
    assert.ok(pool.stats.size <= 2);
  });

  it('parses correctly when the first of many users of a statement fails before its parse', async () => {
    const text = 'select 5 as five';
    const settled = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        pool.exchange({
          lane: 'shared',
          statements: [
            { text: 'select 1 / $1::int', values: [i < 4 ? '0' : '1'] },
            { text, values: [] },
          ],
        }),
      ),
    );
    settled.forEach((outcome, i) => {
      assert.equal(outcome.status, i < 4 ? 'rejected' : 'fulfilled');
      if (outcome.status === 'fulfilled') {
        assert.equal(String(outcome.value[1]!.rows[0]![0]), '5');
        assert.equal(outcome.value[1]!.fields[0]!.name, 'five');
      }
    });
  });

  it('abandons an aborted exchange and leaves its neighbours alone', async () => {
    const aborter = new AbortController();
    const lock = await holdLock(database);
    const slow = pool.exchange({
      lane: 'shared',
      statements: [{ text: WAIT_FOR_LOCK, values: [] }],
      signal: aborter.signal,
    });
    const others = Array.from({ length: 20 }, () =>
      pool.exchange({ lane: 'shared', statements: [{ text: 'select 1', values: [] }] }),
    );
    await lock.waiting(1);
    aborter.abort(new Error('gone'));
    await assert.rejects(slow, /gone/);
    assert.equal((await Promise.all(others)).length, 20);
    await lock.release();
  });

  it('sends nothing more behind a slow statement', async () => {
    const lock = await holdLock(database);
    const slow = pool.exchange({ lane: 'shared', statements: [{ text: WAIT_FOR_LOCK, values: [] }] });
    await lock.waiting(1);
    await sleep(60);
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 30 }, () =>
          pool.exchange({ lane: 'shared', statements: [{ text: 'select 1', values: [] }] }),
        ),
      );
    }
    // Had one of them been sent behind it, it would still wait.
    await lock.release();
    await slow;
  });

  it('sends nothing for an exchange that was aborted before', async () => {
    await assert.rejects(
      pool.exchange({
        lane: 'shared',
        statements: [{ text: 'select 1', values: [] }],
        signal: AbortSignal.abort(new Error('early')),
      }),
      /early/,
    );
  });

  it('serves ten thousand queued exchanges in bounded memory', async () => {
    const wide = createPool({ url: database.url, size: 3, sharedSize: 2 });
    try {
      await wide.exchange({ lane: 'shared', statements: [{ text: 'select $1::int', values: ['0'] }] });
      const before = process.memoryUsage().rss;
      let sum = 0;
      await Promise.all(
        Array.from({ length: 10_000 }, async (_, i) => {
          const [result] = await wide.exchange({
            lane: 'shared',
            statements: [{ text: 'select $1::int', values: [String(i)] }],
          });
          sum += Number(String(result!.rows[0]![0]));
        }),
      );
      assert.equal(sum, (9999 * 10_000) / 2);
      const grownMb = (process.memoryUsage().rss - before) / 1_048_576;
      assert.ok(grownMb < 80, `grew by ${grownMb.toFixed(0)} MB`);
    } finally {
      await wide.close();
    }
  });
});
