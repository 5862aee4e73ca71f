import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectClient, createPrivilegedPool, type Pool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { lintDatabase } from '../src/services/postgres/lints.ts';

describe('what the doctor finds in the schemas that the APIs serve', () => {
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
    assert.equal((await lintDatabase(pool, ['public'])).length, 7);
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

  it('names what somebody has put among PostgreSQL’s own, where the administrator’s sessions look, and moves it out', async () => {
    await run(
      database.superuserUrl,
      'grant create on schema pg_catalog to db_migrator; grant create on schema information_schema to public',
    );
    await run(
      database.roleUrl('db_migrator'),
      `create function pg_catalog.concat_ws(text, regrole) returns text language sql as 'select 1::text';
       create domain information_schema.amount as int;
       create operator pg_catalog.=== (leftarg = text, rightarg = text, function = pg_catalog.texteq);`,
    );
    const found = (await findings()).filter(({ title }) => title === 'Catalog');
    assert.deepEqual(
      found.map(({ found: text }) => text.split(/ belongs to | may make /)[0]),
      [
        'db_migrator',
        'everybody',
        'function concat_ws(text,regrole)',
        'operator ===(text,text)',
        'type information_schema.amount',
      ],
    );
    for (const { sql } of found) await run(database.superuserUrl, sql!);
    assert.deepEqual(
      (await findings()).filter(({ title }) => title === 'Catalog'),
      [],
    );
  });

  it('names what of the superuser’s calls functions that a lesser role may change, and gives that to the lesser role', async () => {
    await run(
      database.roleUrl('db_migrator'),
      `create function stamp() returns trigger language plpgsql as 'begin return new; end';
       create function watch() returns event_trigger language plpgsql as 'begin end';
       create function price(a int) returns int language sql immutable as 'select a';`,
    );
    await run(
      database.superuserUrl,
      `create schema books;
       create table books.triggered (id int);
       create trigger stamped before insert on books.triggered for each row execute function public.stamp();
       create table books.defaulted (id int default public.price(1));
       create table books.checked (id int check (public.price(id) > 0));
       create table books.indexed (id int); create index priced on books.indexed (public.price(id));
       create view books.seen as select public.price(1);
       create domain books.amount as int check (public.price(value) > 0);
       create function books.total() returns int language sql security definer set search_path = '' return public.price(1);
       create event trigger watched on ddl_command_end when tag in ('CREATE SERVER') execute function public.watch();
       -- The superuser's own, and what the lesser role owns already.
       create function books.own() returns int language sql as 'select 1';
       create table books.fine (id int default books.own());`,
    );
    await run(
      database.roleUrl('db_migrator'),
      'create table mine (id int default price(1)); alter table mine enable row level security',
    );
    const found = (await findings()).filter(({ title }) => title === 'Trust');
    assert.deepEqual(
      found.map(({ found: text }) => text),
      [
        'constraint amount_check, the superuser’s, calls public.price(integer), which db_migrator may change',
        'constraint checked_id_check on table books.checked, the superuser’s, calls public.price(integer), which db_migrator may change',
        'default value for column id of table books.defaulted, the superuser’s, calls public.price(integer), which db_migrator may change',
        'event trigger watched, the superuser’s, calls public.watch(), which db_migrator may change',
        'function books.total(), the superuser’s, calls public.price(integer), which db_migrator may change',
        'index books.priced, the superuser’s, calls public.price(integer), which db_migrator may change',
        'rule _RETURN on view books.seen, the superuser’s, calls public.price(integer), which db_migrator may change',
        'trigger stamped on table books.triggered, the superuser’s, calls public.stamp(), which db_migrator may change',
      ],
    );
    for (const { sql } of found) await run(database.superuserUrl, sql!);
    const left = (await findings()).filter(({ title }) => title === 'Trust');
    assert.deepEqual(
      left.map(({ sql }) => sql),
      [],
    );
  });
});
