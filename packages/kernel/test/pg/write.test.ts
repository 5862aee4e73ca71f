import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase, until } from '@peakstone/testing';
import { createPool, type Exchange, PgError, type Pool } from '../../src/pg/index.ts';

const insert = (id: number): Exchange => ({
  lane: 'write',
  statements: [{ text: 'insert into note (id) values ($1) returning id::text', values: [String(id)] }],
});

describe('short writes', () => {
  let database: TestDatabase;
  let pool: Pool;

  before(async () => {
    database = await testDatabase({
      sql: 'create table note (id int primary key, n int not null default 0)',
    });
    pool = createPool({ url: database.superuserUrl, size: 4, sharedSize: 1 });
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });

  const count = async (): Promise<number> =>
    Number((await pool.query('select count(*) from note')).rows[0]![0]);

  it('keeps every write apart: one that is refused takes none of its neighbours along', async () => {
    const settled = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => pool.exchange(insert(n % 10 === 9 ? n - 1 : n))),
    );
    const refused = settled.filter(each => each.status === 'rejected');
    assert.equal(refused.length, 30);
    for (const { reason } of refused) assert.equal(reason instanceof PgError && reason.code, '23505');
    assert.equal(await count(), 270);
  });

  it('lets writes past a connection whose write waits for a lock', async () => {
    const locker = createPool({ url: database.superuserUrl, size: 1, sharedSize: 0 });
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = (async () => {
      const rows = locker.stream({
        begin: 'begin',
        statements: [
          { text: 'update note set n = 1 where id = 0', values: [] },
          { text: 'select generate_series(1, 100000)', values: [] },
        ],
      });
      for await (const _ of rows) {
        held.resolve();
        await release.promise;
      }
    })();
    await held.promise;
    let blockedEnded = false;
    const blocked = pool
      .exchange({ lane: 'write', statements: [{ text: 'update note set n = 2 where id = 0', values: [] }] })
      .then(() => {
        blockedEnded = true;
      });
    const waits = `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await until(async () => String((await pool.query(waits)).rows[0]![0]) === '1');
    await sleep(60);
    await Promise.all(Array.from({ length: 20 }, (_, n) => pool.exchange(insert(1000 + n))));
    assert.equal(blockedEnded, false, 'the lock was let go too early to show anything');
    release.resolve();
    await Promise.all([holding, blocked]);
    await locker.close();
  });

  it('leave a connection to whoever needs it alone, however many come', async () => {
    const small = createPool({ url: database.superuserUrl, size: 2, sharedSize: 1 });
    let more = true;
    let written = 0;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; more; n++, written++) await small.exchange(insert(10_000 + writer * 100_000 + n));
    });
    for (let n = 0; n < 20; n++) {
      const [, seen] = await small.exchange({
        begin: 'begin',
        statements: [
          { text: "select set_config('app.mine', $1, true)", values: [String(n)] },
          { text: "select current_setting('app.mine')", values: [] },
        ],
        inspect: () => 'commit',
      });
      assert.equal(String(seen!.rows[0]![0]), String(n));
    }
    more = false;
    await Promise.all(writers);
    await small.close();
    assert.ok(written > 0);
  });
});
