import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectClient, createPrivilegedPool, type Pool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { lintDatabase } from '../src/services/rest/lints.ts';

describe('what the doctor finds in the schemas that the API serves', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase({ bootstrap: true, schemas: ['public'] });
    pool = createPrivilegedPool({ url: database.superuserUrl, name: 'lints' });
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });
  const run = async (url: string, sql: string): Promise<void> => {
    const client = await connectClient({ url });
    try {
      await client.script(sql);
    } finally {
      client.close();
    }
  };
  const findings = async () => (await lintDatabase(pool, ['public'])).filter(({ level }) => level !== 'ok');

  it('is nothing in a fresh database', async () => {
    assert.deepEqual(await findings(), []);
    assert.equal((await lintDatabase(pool, ['public'])).length, 5);
  });

  it('names each, with the statement that mends it', async () => {
    await run(
      database.roleUrl('db_migrator'),
      `create table "Open films" (id int);
       create table closed (id int); alter table closed enable row level security;
       create policy adding on closed for insert to web_anon with check (true);
       create policy reading on closed for select to web_anon using (true);
       create table idle (id int); create policy nothing on idle using (true);
       create function wipe() returns void language sql as 'delete from public.closed';
       create function pure(a int) returns int language sql immutable as 'select a';
       create function rise() returns void language sql security definer as 'select 1';
       create function meant() returns void language sql as 'delete from public.closed';
       grant execute on function meant() to web_anon;
       create function open_to(a int) returns boolean language sql security definer set search_path = '' as 'select true';
       create policy asking on closed for update to app_user using (open_to(id));
       create function rating(closed) returns int language sql security definer set search_path = '' as 'select 1';
       create function bound() returns int language sql stable security definer return 1;
       revoke execute on function bound() from public;
       create function safe() returns int language sql stable security definer set search_path = '' as 'select 1';`,
    );
    await run(
      database.superuserUrl,
      `set peakstone.test = 'x'; create schema aside; create table aside.owned (id int);
       alter table aside.owned set schema public; alter table public.owned enable row level security;`,
    );
    const found = await findings();
    const said = found.map(({ title, found: text }) => `${title}: ${text}`).join('\n');
    for (const expected of [
      /^Row security: public\."Open films" has none: .*app_user may select, insert, update, delete/m,
      /^Policy: adding on public\.closed lets web_anon insert, who lacks the grant$/m,
      /^Owner: public\.owned belongs to the superuser/m,
      /^Policy: those of public\.idle do nothing/m,
      /^Function: public\.wipe\(\) may be called by .*web_anon/m,
      /^Function: public\.rise\(\) may be called by .*web_anon.*, with the rights of db_migrator$/m,
      /^Search path: public\.rise\(\) runs with the rights of db_migrator/m,
    ])
      assert.match(said, expected);
    assert.doesNotMatch(
      said,
      /public\.pure|public\.meant|public\.open_to|public\.rating|public\.bound|Policy: reading|Search path: public\.safe|Row security: public\.closed/,
    );
    for (const { sql } of found) await run(database.superuserUrl, `set search_path = public; ${sql}`);
    assert.deepEqual(await findings(), []);
  });
});
