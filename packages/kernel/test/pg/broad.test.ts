/** What short statements may make the server keep that stand for much: many partitions, many tables, one after the other. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase, until } from '@peakstone/testing';
import { createPool, type Exchange, type Pool, type PoolOptions } from '../../src/pg/index.ts';

const most = Math.max(1, Math.min(4, availableParallelism() >> 1));
const megabyte = 1024 * 1024;

describe('broad statements', () => {
  let database: TestDatabase;
  const pools: Pool[] = [];
  const open = (options: Omit<PoolOptions, 'url'>): Pool => {
    const pool = createPool({ url: database.superuserUrl, ...options });
    pools.push(pool);
    return pool;
  };
  const ask = async (pool: Pool, text: string, ...values: string[]): Promise<string> =>
    String((await pool.query(text, values)).rows[0]?.[0]);
  const named = (pool: Pool, like: string): Promise<string> =>
    ask(
      pool,
      `select count(*) from pg_prepared_statements where statement like '${like}' and statement not like '%pg_prepared%'`,
    );
  before(async () => {
    database = await testDatabase({});
    const admin = open({ size: 1 });
    await admin.script(`
      create table ledger (id int primary key, name text) partition by range (id);
      do $$ begin for i in 0..149 loop
        execute format('create table ledger_%s partition of ledger for values from (%s) to (%s)', i, i * 10, i * 10 + 10);
      end loop; end $$;
      create table light (id int primary key, name text);
      insert into ledger select g, 'row ' || g from generate_series(0, 1499) g;
      insert into light select g, 'row ' || g from generate_series(0, 1499) g;
      create view all_of_it as select * from ledger;
      create function read_all() returns setof ledger language sql stable as 'select * from ledger';
      create domain given as int not null;`);
  });
  after(async () => {
    await Promise.all(pools.map(pool => pool.close()));
    await database.drop();
  });

  it('take no more memory for being asked in ever new shapes', async () => {
    const pool = open({ size: 1, statementCacheBytes: megabyte });
    const kept = `select coalesce(sum(total_bytes), 0) from pg_backend_memory_contexts where name like 'Cached%'`;
    for (const source of ['ledger', 'all_of_it', 'read_all()']) {
      for (let shape = 0; shape < 8; shape++) {
        const text = `select count(*) as "n${shape}" from ${source} where name = 'row 77'`;
        for (let turn = 0; turn < 3; turn++) assert.equal(await ask(pool, text), '1');
      }
      const bytes = Number(await ask(pool, kept));
      assert.ok(bytes <= 1.5 * megabyte, `${bytes} bytes are kept for shapes of ${source}`);
    }
  });

  it('are told from light ones, which are prepared as ever', async () => {
    const pool = open({ size: 1, statementCacheBytes: megabyte });
    for (let turn = 0; turn < 4; turn++) {
      assert.equal(await ask(pool, 'select name from ledger where id = $1', '5'), 'row 5');
      assert.equal(await ask(pool, 'select name from light where id = $1', '5'), 'row 5');
    }
    assert.equal(await named(pool, '%from ledger%'), '0');
    assert.equal(await named(pool, '%from light%'), '1');
  });

  it('run a few at once when they are known, and hold up nobody else', async () => {
    const holder = open({ size: 1 });
    const pool = open({ size: most + 3, sharedSize: 0, statementCacheBytes: megabyte });
    const text = `select name from ledger, pg_advisory_xact_lock_shared(7) where id = $1`;
    for (let turn = 0; turn < 3; turn++) await ask(pool, text, '5');
    await ask(holder, 'select pg_advisory_lock(7)');
    const asked = Array.from({ length: most + 6 }, () => ask(pool, text, '5'));
    const waiting = `select count(*) from pg_locks join pg_database on pg_database.oid = database and datname = current_database() where locktype = 'advisory' and not granted`;
    await until(async () => pool.stats.waiting === 6 && (await ask(pool, waiting)) === String(most));
    await ask(holder, 'select pg_advisory_unlock(7)');
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(['row 5']));
  });

  it('are weighed unnoticed: results, settings and transactions are those of the exchange', async () => {
    const pool = open({ size: 2, sharedSize: 1 });
    for (const [kind, options] of Object.entries<Partial<Exchange>>({
      implicit: {},
      pipelined: { lane: 'shared' },
      begun: { begin: 'begin isolation level repeatable read read only' },
      inspected: { begin: 'begin', inspect: results => (results.length === 4 ? 'commit' : 'rollback') },
    })) {
      for (let turn = 0; turn < 6; turn++) {
        const results = await pool.exchange({
          statements: [
            { text: `select set_config('app.kind', $1, true)`, values: [kind] },
            { text: `select name, '${kind}' from light where id = $1`, values: ['9'] },
            { text: `select current_setting('plan_cache_mode'), current_setting('app.kind')`, values: [] },
            { text: `select id, '${kind}' from light where id < $1 order by id`, values: ['3'] },
          ],
          ...options,
        });
        const told = results.map(({ rows, fields }) => [rows.map(row => row.map(String)), fields.length]);
        assert.deepEqual(told, [
          [[[kind]], 1],
          [[['row 9', kind]], 2],
          [[['auto', kind]], 2],
          [
            [
              ['0', kind],
              ['1', kind],
              ['2', kind],
            ],
            2,
          ],
        ]);
      }
    }
  });

  it('write once, though what they keep is asked behind them', async () => {
    const pool = open({ size: 1 });
    await pool.script('create table tally (n int)');
    for (let turn = 0; turn < 5; turn++)
      assert.equal((await pool.query('insert into tally values ($1)', [String(turn)])).tag, 'INSERT 0 1');
    assert.equal(await ask(pool, 'select count(*) from tally'), '5');
    await assert.rejects(
      pool.exchange({
        statements: [
          { text: 'insert into tally values ($1)', values: ['6'] },
          { text: 'select 1 / n from tally where n = $1', values: ['0'] },
        ],
      }),
      { code: '22012', statement: 1 },
    );
    assert.equal(await ask(pool, 'select count(*) from tally'), '5');
  });

  it('are answered without a name where the server cannot say what they keep', async () => {
    const pool = open({ size: 1 });
    for (let turn = 0; turn < 5; turn++) {
      const [written, read] = await pool.exchange({
        statements: [
          { text: `insert into light values (${2000 + turn}, 'new')`, values: [] },
          { text: 'select $1::given + 1', values: ['41'] },
        ],
      });
      assert.equal(written!.tag, 'INSERT 0 1');
      assert.equal(String(read!.rows[0]![0]), '42');
    }
    assert.equal(await named(pool, '%::given%'), '0');
  });

  it('of ever new texts have their session replaced, for it forgets none of the tables that it has met', async () => {
    const pool = open({ size: 1 });
    const pids = new Set<string>();
    for (let i = 0; i < 1200; i++) {
      const { rows } = await pool.query(`select pg_backend_pid(), ${i}`);
      assert.equal(String(rows[0]![1]), String(i));
      pids.add(String(rows[0]![0]));
    }
    assert.equal(pids.size, 2);
    for (let i = 0; i < 1200; i++) pids.add(await ask(pool, 'select pg_backend_pid()'));
    assert.equal(pids.size, 2);
  });
});
