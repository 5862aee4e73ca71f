import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import {
  ConnectionError,
  createPool,
  type Exchange,
  PgError,
  type PgNotice,
  type Pool,
  type Result,
  type Statement,
} from '../../src/pg/index.ts';

const statement = (text: string, ...values: (string | null | Uint8Array)[]): Statement => ({ text, values });
const texts = (result: Result | undefined): (string | null)[][] =>
  result!.rows.map(row => row.map(cell => (cell === null ? null : cell.toString())));
const openTransactions = `select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`;
const code = (expected: string) => (error: unknown) => error instanceof PgError && error.code === expected;

describe('an exchange', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase({
      sql: `create table notes (id int primary key, body text); grant all on notes to public;
        create function shout() returns text language plpgsql as $$ begin raise warning 'careful' using hint = 'h'; return 'x'; end $$`,
    });
    pool = createPool({ url: database.url });
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });

  it('returns tag, fields and cells of every statement', async () => {
    for (let round = 0; round < 2; round++) {
      const [first, second] = await pool.exchange({
        statements: [
          statement('select $1::int + 1 as a, $2::text as b, $3::text as c', '41', 'é€😀\u0001', null),
          statement('insert into notes values ($1, $2), ($3, $2)', `${round * 2}`, 'n', `${round * 2 + 1}`),
        ],
      });
      assert.deepEqual(first!.fields, [
        { name: 'a', typeOid: 23 },
        { name: 'b', typeOid: 25 },
        { name: 'c', typeOid: 25 },
      ]);
      assert.deepEqual(texts(first), [['42', 'é€😀\u0001', null]]);
      assert.equal(first!.tag, 'SELECT 1');
      assert.equal(second!.tag, 'INSERT 0 2');
      assert.deepEqual(second!.rows, []);
    }
  });

  it('says which of its statements failed', async () => {
    const failing = (begin: string | null, ...statements: Statement[]): Promise<unknown> =>
      pool.exchange({ statements, ...(begin === null ? {} : { begin }) }).then(
        () => 'nothing failed',
        (error: unknown) => (error instanceof PgError ? error.statement : error),
      );
    const fine = statement('select 1');
    const divides = statement('select 1 / $1::int', '0');
    for (const begin of [null, 'begin']) {
      assert.equal(await failing(begin, divides, fine), 0);
      assert.equal(await failing(begin, fine, fine, divides, fine), 2);
      assert.equal(await failing(begin, fine, statement('nonsense'), fine), 1);
    }
    const deferred = `create temp table t (id int unique deferrable initially deferred) on commit drop`;
    assert.equal(await failing('begin', statement(deferred), statement('insert into t values (1), (1)')), 2);
    assert.equal(await failing('begin nonsense', fine), 1);
  });

  it('takes bytes as a value without decoding them', async () => {
    const body = Buffer.from('[{"ü":1}]');
    assert.deepEqual(texts(await pool.query(`select $1::json->0->>'ü'`, [body])), [['1']]);
  });

  it('carries rows of megabytes across many chunks', async () => {
    for (const size of [1, 65_530, 1_048_576, 5_000_000]) {
      const result = await pool.query(`select repeat('é', $1::int), 'end' from generate_series(1, 2)`, [
        String(size),
      ]);
      assert.equal(result.rows.length, 2);
      for (const row of result.rows) {
        assert.equal(row[0]!.length, size * 2);
        assert.ok(row[0]!.equals(Buffer.from('é'.repeat(size))));
        assert.equal(String(row[1]), 'end');
      }
    }
    const value = 'ß'.repeat(2_000_000);
    assert.deepEqual(texts(await pool.query('select md5($1) = md5($2), length($1)', [value, value])), [
      ['t', '2000000'],
    ]);
  });

  it('is one transaction: a failure undoes what came before', async () => {
    for (const begin of [undefined, 'begin']) {
      for (const lane of ['own', 'shared'] as const) {
        const exchange: Exchange = {
          statements: [statement(`insert into notes values (1000, 'x')`), statement('select 1/0')],
          lane,
          ...(begin ? { begin } : {}),
        };
        await assert.rejects(pool.exchange(exchange), code('22012'));
        assert.deepEqual(texts(await pool.query('select count(*) from notes where id = 1000')), [['0']]);
      }
    }
  });

  it('keeps settings within its transaction', async () => {
    const [, shown] = await pool.exchange({
      statements: [
        statement(`select set_config('app.user', $1, true)`, 'ann'),
        statement(`select current_setting('app.user', true)`),
      ],
    });
    assert.deepEqual(texts(shown), [['ann']]);
    assert.notDeepEqual(texts(await pool.query(`select current_setting('app.user', true)`)), [['ann']]);
  });

  it('rejects with every field the server sent, and says where', async () => {
    await pool.query(`insert into notes values (2000, 'x')`);
    await assert.rejects(pool.query('insert into notes values (2000, $1)', ['x']), (error: unknown) => {
      assert.ok(error instanceof PgError);
      assert.equal(error.fields.severity, 'ERROR');
      assert.equal(error.fields.code, '23505');
      assert.equal(error.fields.table, 'notes');
      assert.equal(error.fields.constraint, 'notes_pkey');
      assert.match(error.fields.detail!, /2000/);
      return true;
    });
    await assert.rejects(
      pool.query('selec 1'),
      (error: unknown) => error instanceof PgError && error.fields.position === '1',
    );
  });

  it('hands notices to whoever asks, and a listener that throws fails only its own exchange', async () => {
    const notices: PgNotice[] = [];
    await pool.exchange({
      statements: [statement('select shout()')],
      onNotice: notice => notices.push(notice),
    });
    assert.equal(notices[0]!.message, 'careful');
    assert.equal(notices[0]!.hint, 'h');
    const [broken, fine] = await Promise.allSettled([
      pool.exchange({
        lane: 'shared',
        statements: [statement('select shout()')],
        onNotice: () => {
          throw new Error('listener');
        },
      }),
      pool.exchange({ lane: 'shared', statements: [statement('select 1')] }),
    ]);
    assert.equal(broken.status === 'rejected' && broken.reason.message, 'listener');
    assert.equal(fine.status, 'fulfilled');
  });

  it('lets the caller inspect before the end', async () => {
    const insert = (id: string, inspect: Exchange['inspect']): Promise<readonly Result[]> =>
      pool.exchange({
        begin: 'begin',
        statements: [statement('insert into notes values ($1, null)', id)],
        inspect: inspect!,
      });
    await insert('3000', results => (results[0]!.tag === 'INSERT 0 1' ? 'commit' : 'rollback'));
    await insert('3001', () => 'rollback');
    await assert.rejects(
      insert('3002', () => {
        throw new Error('refused');
      }),
      /refused/,
    );
    await assert.rejects(
      insert('3000', () => 'commit'),
      code('23505'),
    );
    assert.deepEqual(texts(await pool.query('select id from notes where id between 3000 and 3100')), [
      ['3000'],
    ]);
  });

  it('rolls back on request, and honours what begin asks for', async () => {
    await pool.exchange({
      begin: 'begin',
      end: 'rollback',
      statements: [statement('insert into notes values (4000, null)')],
    });
    assert.deepEqual(texts(await pool.query('select 1 from notes where id = 4000')), []);
    for (const lane of ['own', 'shared'] as const) {
      await assert.rejects(
        pool.exchange({
          begin: 'begin read only',
          lane,
          statements: [statement('insert into notes values (4001, null)')],
        }),
        code('25006'),
      );
      const [shown] = await pool.exchange({
        begin: 'begin isolation level serializable',
        lane,
        statements: [statement('show transaction_isolation')],
      });
      assert.deepEqual(texts(shown), [['serializable']]);
    }
  });

  it('rejects when a deferred constraint fails at commit', async () => {
    await pool.script(
      'create table parent (id int primary key); create table child (p int references parent deferrable initially deferred)',
    );
    for (const lane of ['own', 'shared'] as const) {
      for (const begin of [undefined, 'begin']) {
        await assert.rejects(
          pool.exchange({
            lane,
            statements: [statement('insert into child values (1)')],
            ...(begin ? { begin } : {}),
          }),
          code('23503'),
        );
      }
    }
  });

  it('does not leave a transaction open that a statement opened', async () => {
    await assert.rejects(pool.exchange({ statements: [statement('begin')] }), code('25001'));
    await assert.rejects(pool.exchange({ lane: 'shared', statements: [statement('begin')] }), code('25001'));
    assert.deepEqual(texts(await pool.query(openTransactions)), [['0']]);
  });

  it('survives a table that changes under its prepared statements', async () => {
    await pool.script('create table shape (a int); insert into shape values (1)');
    const read = (lane: 'own' | 'shared'): Promise<readonly Result[]> =>
      pool.exchange({
        lane,
        statements: [
          statement('select set_config($1, $2, true)', 'app.x', 'y'),
          statement('select * from shape'),
        ],
      });
    for (const lane of ['own', 'shared'] as const)
      await Promise.all(Array.from({ length: 20 }, () => read(lane)));
    await pool.script('alter table shape add b text default $$new$$');
    for (const lane of ['own', 'shared'] as const) {
      for (const [, result] of await Promise.all(Array.from({ length: 20 }, () => read(lane)))) {
        assert.deepEqual(texts(result), [['1', 'new']]);
        assert.deepEqual(
          result!.fields.map(field => field.name),
          ['a', 'b'],
        );
      }
    }
    const begun = await pool.exchange({ begin: 'begin', statements: [statement('select * from shape')] });
    assert.deepEqual(texts(begun[0]), [['1', 'new']]);
  });

  it('prepares anew what somebody deallocated, and keeps the cache bounded', async () => {
    const single = createPool({ url: database.url, size: 1, statementCacheSize: 5 });
    try {
      await single.query('select 1');
      await single.query('deallocate all');
      assert.deepEqual(texts(await single.query('select 1')), [['1']]);
      for (let i = 0; i < 100; i++) await single.query(`select ${i} + $1::int`, ['1']);
      const [[count]] = texts(await single.query('select count(*) from pg_prepared_statements')) as [
        [string],
      ];
      assert.ok(Number(count) <= 6, count);
    } finally {
      await single.close();
    }
  });

  it('does not keep a statement whose parse failed', async () => {
    const single = createPool({ url: database.url, size: 1 });
    try {
      const later = statement('select * from appears_later');
      await assert.rejects(single.exchange({ statements: [later] }), code('42P01'));
      await single.script('create table appears_later (x int)');
      assert.equal((await single.exchange({ statements: [later] }))[0]!.tag, 'SELECT 0');
      // One that was never reached must not count as parsed either.
      const fresh = statement('select 77');
      await assert.rejects(single.exchange({ statements: [statement('select 1/0'), fresh] }), code('22012'));
      assert.deepEqual(texts((await single.exchange({ statements: [fresh] }))[0]), [['77']]);
    } finally {
      await single.close();
    }
  });

  it('prepares nothing with a cache of size 0, as a transaction pooler needs', async () => {
    const plain = createPool({ url: database.url, size: 3, sharedSize: 1, statementCacheSize: 0 });
    try {
      for (const lane of ['own', 'shared'] as const) {
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            plain.exchange({ lane, begin: 'begin', statements: [statement('select $1::int', String(i))] }),
          ),
        );
        assert.deepEqual(
          results.map(([result]) => texts(result)[0]![0]),
          Array.from({ length: 20 }, (_, i) => String(i)),
        );
        const [prepared] = await plain.exchange({
          lane,
          statements: [statement('select count(*) from pg_prepared_statements where name <> $1', '')],
        });
        assert.deepEqual(texts(prepared), [['0']]);
      }
    } finally {
      await plain.close();
    }
  });

  it('refuses what the protocol cannot carry, before sending it', async () => {
    const unbegun = [statement('insert into notes values (5000, null)')];
    await assert.rejects(pool.exchange({ statements: unbegun, end: 'rollback' }), TypeError);
    await assert.rejects(pool.exchange({ statements: unbegun, inspect: () => 'rollback' }), TypeError);
    await assert.rejects(pool.query('select 1\0; drop table notes'), code('22021'));
    await assert.rejects(pool.script('select 1\0'), code('22021'));
    await assert.rejects(pool.query('select 1', new Array(65_536).fill('x')), code('54000'));
    await assert.rejects(pool.query('select $1', ['a\0b']), code('22021'));
    assert.deepEqual(texts(await pool.query('select 1')), [['1']]);
  });

  it('is not wedged by COPY', async () => {
    await pool.script('create table if not exists copied (a int)');
    for (const exchange of [
      { statements: [statement('copy copied from stdin')] },
      { statements: [statement('copy copied from stdin'), statement('select 1')] },
      { begin: 'begin', statements: [statement('copy copied from stdin')] },
      { lane: 'shared', statements: [statement('copy copied from stdin')] },
      { lane: 'shared', begin: 'begin', statements: [statement('copy copied from stdin')] },
    ] satisfies Exchange[]) {
      await assert.rejects(
        pool.exchange(exchange),
        (error: unknown) => error instanceof PgError || error instanceof ConnectionError,
      );
      const alive = await pool.exchange({
        ...(exchange.lane ? { lane: exchange.lane } : {}),
        statements: [statement('select 1')],
      });
      assert.deepEqual(texts(alive[0]), [['1']]);
    }
    await assert.rejects(pool.script('copy copied from stdin; select 1'), PgError);
    assert.deepEqual(texts(await pool.query('copy (values (1, 2), (3, 4)) to stdout')), [
      ['1\t2\n'],
      ['3\t4\n'],
    ]);
  });

  it('hands a script’s results and notices over as they come, also before a failure; a watcher that throws fails the script alone', async () => {
    const seen: string[] = [];
    const watch = {
      onResult: (result: Result) => seen.push(result.tag),
      onNotice: ({ message }: PgNotice) => seen.push(message),
    };
    await assert.rejects(
      pool.script(`select 1; do $$ begin raise notice 'hello'; end $$; begin; select 1/0`, watch),
      code('22012'),
    );
    assert.deepEqual(seen, ['SELECT 1', 'hello', 'DO', 'BEGIN']);
    const broken = { onResult: () => assert.fail('of its own') };
    await assert.rejects(pool.script('select 1; select 2', broken), /of its own/);
    assert.deepEqual((await pool.query('select 3')).tag, 'SELECT 1');
  });

  it('runs scripts of many statements', async () => {
    const results = await pool.script(
      `create temp table t (a int); insert into t values (1), (2); select * from t; select 'x' as y`,
    );
    assert.deepEqual(
      results.map(result => result.tag),
      ['CREATE TABLE', 'INSERT 0 2', 'SELECT 2', 'SELECT 1'],
    );
    assert.deepEqual(texts(results[2]), [['1'], ['2']]);
    await assert.rejects(pool.script('begin; select 1/0; commit'), code('22012'));
    await pool.script('begin; select 1');
    assert.deepEqual(texts(await pool.query(openTransactions)), [['0']]);
    assert.deepEqual(await pool.script(''), []);
  });
});
