import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { createPool, type Exchange, PgError, type Pool } from '../../src/pg/index.ts';

const insert = (id: number): Exchange => ({
  lane: 'write',
  statements: [{ text: 'insert into note (id) values ($1) returning id::text', values: [String(id)] }],
});

describe('the lane for short writes', () => {
  let database: TestDatabase;
  let pool: Pool;

  before(async () => {
    database = await testDatabase({
      sql: 'create table note (id int primary key, n int not null default 0)',
    });
    pool = createPool({ url: database.superuserUrl, size: 4, sharedSize: 1, writeSize: 1 });
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
    await sleep(60);
    await Promise.all(Array.from({ length: 20 }, (_, n) => pool.exchange(insert(1000 + n))));
    assert.equal(blockedEnded, false, 'the lock was let go too early to show anything');
    release.resolve();
    await Promise.all([holding, blocked]);
    await locker.close();
  });

  it('is the own lane where the pool has none', async () => {
    const plain = createPool({ url: database.superuserUrl, size: 2, sharedSize: 0 });
    await Promise.all(Array.from({ length: 10 }, (_, n) => plain.exchange(insert(2000 + n))));
    await plain.close();
  });

  it('moves what waits to the own lane when it is taken away', async () => {
    const writes = Array.from({ length: 50 }, (_, n) => pool.exchange(insert(3000 + n)));
    pool.reconfigure({ writeSize: 0 });
    await Promise.all(writes);
    pool.reconfigure({ writeSize: 1 });
    await pool.exchange(insert(4000));
  });
});
