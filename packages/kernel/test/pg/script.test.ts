import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase, untilStill } from '@peakstone/testing';
import { createPool, PgError, type Pool } from '../../src/pg/index.ts';

const code = (expected: string) => (error: unknown) => error instanceof PgError && error.code === expected;

describe('a script', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase();
    pool = createPool({ url: database.url, size: 1, sharedSize: 0 });
    await pool.script('create table copied (a int, b text)');
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });
  const count = async (): Promise<string> =>
    (await pool.query('select count(*) from copied')).rows[0]![0]!.toString();

  it('sends the rows of each COPY FROM STDIN in turn', async () => {
    const parts = ['1\tone\n2\t', 'zwei ü\n', '3\t\\N\n4\tx\\\\y\n'].map(text => Buffer.from(text));
    const sources = [parts.slice(0, 2), parts.slice(2)];
    const tags: string[] = [];
    await pool.script('begin; copy copied from stdin; select 1; copy copied from stdin; commit', {
      copyIn: () => sources.shift() ?? null,
      onResult: ({ tag }) => void tags.push(tag),
    });
    assert.deepEqual(tags, ['BEGIN', 'COPY 2', 'SELECT 1', 'COPY 2', 'COMMIT']);
    const { rows } = await pool.query(`select string_agg(coalesce(b, 'null'), ',' order by a) from copied`);
    assert.equal(rows[0]![0]!.toString(), 'one,zwei ü,null,x\\y');
    await pool.query('truncate copied');
  });

  it('reads a long source only as fast as the server takes it', async () => {
    let taken = 0;
    function* source(): Generator<Buffer> {
      for (let index = 0; index < 200; index++) {
        taken++;
        yield Buffer.from('1\txxxxxxxxxxxxxxxxxxxxxxxxxxx\n'.repeat(5000));
      }
    }
    const locker = createPool({ url: database.url, size: 1, sharedSize: 0 });
    // The trigger holds the server until the lock is let go.
    await pool.script(`create function hold() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(77); return null; end $$;
      create trigger hold before insert on copied execute function hold()`);
    await locker.query('select pg_advisory_lock(77)');
    const running = pool.script('copy copied from stdin', { copyIn: source });
    await untilStill(() => taken);
    assert.ok(taken < 100, `${taken} parts of 150 kB were taken while the server read nothing`);
    await locker.query('select pg_advisory_unlock(77)');
    await running;
    assert.equal(taken, 200);
    assert.equal(await count(), '1000000');
    await pool.script('drop trigger hold on copied; truncate copied');
    await locker.close();
  });

  it('stops at a bad row, and fails with what its source threw; both leave the connection usable', async () => {
    let taken = 0;
    function* bad(): Generator<Buffer> {
      for (;;) {
        taken++;
        yield Buffer.from(taken === 1 ? '1\tx\noops\tx\n' : '2\tx\n'.repeat(10_000));
      }
    }
    await assert.rejects(
      pool.script('copy copied from stdin; select 1', { copyIn: bad }),
      (error: unknown) => {
        assert.ok(error instanceof PgError && error.code === '22P02');
        assert.match(error.fields.where!, /^COPY copied, line 2, column a/);
        return true;
      },
    );
    const broken = new Error('disk gone');
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from('1\tx\n');
      throw broken;
    }
    await assert.rejects(
      pool.script('copy copied from stdin', { copyIn: failing }),
      (error: unknown) => error === broken,
    );
    await assert.rejects(pool.script('copy copied from stdin'), code('57014'));
    assert.equal(await count(), '0');
  });

  it('hands rows over in batches, waits for its reader, and keeps their order with results and the end', async () => {
    let rows = 0;
    let reading = 0;
    const seen: string[] = [];
    await pool.script(
      `select repeat('x', 200) from generate_series(1, 50000); select 1; do $$ begin raise notice 'n'; end $$`,
      {
        onRows: async batch => {
          assert.equal(++reading, 1);
          await sleep(batch.length > 500 ? 1 : 0);
          reading--;
          assert.ok(batch.length <= 1000);
          rows += batch.length;
        },
        onResult: ({ tag, rows: left }) => {
          assert.equal(reading, 0);
          assert.equal(left.length, 0);
          seen.push(`${tag} ${rows}`);
        },
        onNotice: ({ message }) => void seen.push(message),
      },
    );
    assert.deepEqual(seen, ['SELECT 50000 50000', 'SELECT 1 50001', 'n', 'DO 50001']);
    await assert.rejects(
      pool.script('select 1; select 1/0', {
        onRows: async () => await sleep(5),
        onResult: ({ tag }) => void seen.push(tag),
      }),
      code('22012'),
    );
    assert.equal(seen.at(-1), 'SELECT 1');
    await assert.rejects(
      pool.script('select 1', { onRows: () => Promise.reject(new Error('reader')) }),
      /reader/,
    );
    assert.equal(await count(), '0');
  });

  it('says that a transaction was left open, unless an error has said why', async () => {
    let told = 0;
    const onLeftOpen = (): void => {
      told++;
    };
    await pool.script(`begin; insert into copied values (1, 'x')`, { onLeftOpen });
    assert.equal(told, 1);
    await assert.rejects(pool.script('begin; select 1/0', { onLeftOpen }), code('22012'));
    await pool.script('begin; select 1; commit', { onLeftOpen });
    assert.equal(told, 1);
    assert.equal(await count(), '0');
  });
});
