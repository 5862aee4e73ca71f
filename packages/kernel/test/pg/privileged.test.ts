/** Sessions of an administrator run nothing that lesser roles have made. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { connectPrivileged, createPool, createPrivilegedPool, type Pool } from '../../src/pg/index.ts';

describe('a privileged session', () => {
  let database: TestDatabase;
  let plain: Pool;
  const calls = async (): Promise<string> =>
    String((await plain.query('select count(*) from called where is_called')).rows[0]![0]);
  before(async () => {
    database = await testDatabase({});
    plain = createPool({ url: database.superuserUrl, size: 1 });
    await plain.script(`
      create table real (id int); insert into real values (1);
      create sequence called;
      create function trap() returns int language sql as $$ select nextval('public.called')::int $$;
      create view exchanged as select trap() as id;`);
  });
  after(async () => {
    await plain.close();
    await database.drop();
  });

  it('reads tables and what is PostgreSQL’s own, but nobody’s view, be it a pool’s or a client’s', async () => {
    const pool = createPrivilegedPool({ url: database.superuserUrl, name: 'test' });
    const client = await connectPrivileged({ url: database.superuserUrl, name: 'test' });
    try {
      for (const script of [pool, client].map(each => each.script.bind(each))) {
        const [read] = await script('select id, (select count(*) > 0 from pg_tables) from public.real');
        assert.deepEqual(read!.rows[0]!.map(String), ['1', 't']);
        await assert.rejects(script('select * from public.exchanged'), /restricted/);
        await assert.rejects(script('insert into public.real select id from public.exchanged'), /restricted/);
      }
      await assert.rejects(pool.query('select id from public.exchanged'), /restricted/);
      assert.equal(await calls(), '0');
      assert.equal(String((await plain.query('select id from exchanged')).rows[0]![0]), '1');
    } finally {
      client.close();
      await pool.close();
      await plain.query(`select setval('called', 1, false)`);
    }
  });

  it('refuses them as well when it takes the place of one that was lost', async () => {
    const pool = createPrivilegedPool({ url: database.superuserUrl, name: 'test' });
    const pid = async (): Promise<string> =>
      String((await pool.query('select pg_backend_pid()')).rows[0]![0]);
    try {
      const first = await pid();
      await assert.rejects(pool.query(`select pg_terminate_backend(${first})`));
      await assert.rejects(pool.query('select id from public.exchanged'), /restricted/);
      assert.notEqual(await pid(), first);
      pool.recycle();
      await assert.rejects(pool.query('select id from public.exchanged'), /restricted/);
      assert.equal(await calls(), '0');
    } finally {
      await pool.close();
    }
  });
});
