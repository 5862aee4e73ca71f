/** An import that was given up: what it made is known, and can be removed without anything else. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, type TestDatabase } from '@peakstone/testing';
import { abandonImport, findUnfinishedImport, type TransferError } from '@peakstone/transfer';
import { importInto, look, stackDatabase, writeScript } from './support.ts';

/** Ends its own session at the end, so that it is never finished. A new role's statement commits what came before it. */
const text = `--
-- PostgreSQL database dump
--
set statement_timeout = 0;
CREATE ROLE abandon_reader;
CREATE SCHEMA shop;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TYPE shop.kind AS ENUM ('a', 'b');
CREATE DOMAIN shop.price AS numeric CHECK (VALUE >= 0);
CREATE TYPE shop.pair AS (x integer, y integer);
CREATE FUNCTION shop.rank(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ select $1 * 2 $$;
CREATE AGGREGATE shop.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE SEQUENCE shop.numbers;
CREATE TABLE shop.items (id integer PRIMARY KEY, kind shop.kind, price shop.price, boss integer, CHECK (shop.rank(id) > 0));
CREATE TABLE shop."odd on name" (id integer PRIMARY KEY, item integer);
ALTER TABLE shop.items ADD CONSTRAINT there FOREIGN KEY (boss) REFERENCES shop."odd on name"(id);
ALTER TABLE shop."odd on name" ADD CONSTRAINT back FOREIGN KEY (item) REFERENCES shop.items(id);
CREATE VIEW shop.dear AS SELECT id FROM shop.items WHERE price > 100;
CREATE MATERIALIZED VIEW shop.counted AS SELECT count(*) AS n FROM shop.dear;
CREATE TABLE shop.days (day date) PARTITION BY RANGE (day);
CREATE TABLE shop.days_1 PARTITION OF shop.days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE PUBLICATION abandon_pub FOR TABLE shop.items;
ALTER TABLE public.before_it ENABLE ROW LEVEL SECURITY;
CREATE POLICY "on shop" ON public.before_it USING (shop.rank(id) > 0);
CREATE INDEX before_it_rank ON public.before_it (shop.rank(id));
ALTER TABLE public.before_it ADD CONSTRAINT ranked CHECK (shop.rank(id) > 0);
SELECT pg_catalog.lo_create('4711');
COPY public.empty_before (id) FROM stdin;
1
2
\\.
COPY shop.items (id, kind, price, boss) FROM stdin;
1	a	5	\\N
\\.
GRANT SELECT ON shop.items TO abandon_reader;
CREATE ROLE abandon_filler;
DO $$ begin perform pg_terminate_backend(pg_backend_pid()); end $$;
`;

describe('an import that is given up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-abandon-'));
  const file = join(folder, 'shop.sql');
  let database: TestDatabase;
  let addresses: { readonly adminUrl: string; readonly ownerUrl: string };
  before(async () => {
    writeScript(file, text);
    database = await stackDatabase();
    addresses = { adminUrl: database.superuserUrl, ownerUrl: database.roleUrl('db_migrator') };
    await asOwner('create table public.before_it (id int); create table public.empty_before (id int)');
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  /** To where its session ends. */
  const beginImport = async (): Promise<void> => {
    await assert.rejects(importInto(database, [file], { origin: 'postgres' }), /terminating connection/);
  };
  const asOwner = async (sql: string): Promise<void> => {
    const client = connect(database.roleUrl('db_migrator'));
    try {
      await client.script(sql);
    } finally {
      await client.close();
    }
  };
  /** Everything that is there, but for what the journal itself takes. */
  const everything = async (): Promise<string[]> =>
    (
      await look(
        database,
        `select i.type || ' ' || i.identity from (
           select 'pg_class'::regclass::oid as classid, oid from pg_class where relkind <> 't' and relnamespace <> 'pg_toast'::regnamespace
           union all select 'pg_proc'::regclass, oid from pg_proc union all select 'pg_type'::regclass, oid from pg_type
           union all select 'pg_namespace'::regclass, oid from pg_namespace union all select 'pg_constraint'::regclass, oid from pg_constraint
           union all select 'pg_policy'::regclass, oid from pg_policy union all select 'pg_publication'::regclass, oid from pg_publication
           union all select 'pg_trigger'::regclass, oid from pg_trigger
         ) o, pg_identify_object(classid, oid, 0) i
         where i.identity !~ 'peakstone_import|pg_toast|pg_temp' and o.oid >= 16384
           and not exists (select from pg_depend d where d.classid = o.classid and d.objid = o.oid and d.deptype = 'e')
         union all select 'large object ' || oid from pg_largeobject_metadata
         union all select 'extension ' || extname from pg_extension
         union all select 'role ' || rolname from pg_roles where rolname ~ '^abandon'
         union all select 'row ' || id from public.empty_before
         order by 1`,
      )
    ).map(([name]) => name!);

  it('is listed, stays, and is remembered, so that the same dump is told how to remove it', async () => {
    await beginImport();
    const found = (await abandonImport(addresses))!;
    assert.deepEqual(found.files, [file]);
    assert.ok(Date.now() - Date.parse(found.beganAt!) < 15 * 60_000);
    const names = found.made.map(({ type, name }) => `${type} ${name}`);
    for (const expected of [
      'schema shop',
      'table shop.items',
      'table shop."odd on name"',
      'view shop.dear',
      'materialized view shop.counted',
      'function shop.rank(integer)',
      'aggregate shop.total(integer)',
      'sequence shop.numbers',
      'type shop.price',
      'publication abandon_pub',
      'policy "on shop" on public.before_it',
      'table constraint ranked on public.before_it',
      'index public.before_it_rank',
      'large object 4711',
    ])
      assert.ok(names.includes(expected), `${expected}: ${names.join('; ')}`);
    assert.ok(!names.includes('table public.before_it') && !names.includes('table public.empty_before'));
    assert.ok(found.made.every(({ isLater }) => !isLater));
    assert.equal(await findUnfinishedImport(database.superuserUrl), null);
    await assert.rejects(
      importInto(database, [file], { origin: 'postgres' }),
      (error: TransferError) =>
        /in the database already/.test(error.message) && /import abandon --undo$/.test(error.hint ?? ''),
    );
    const { undone } = (await abandonImport({ ...addresses, undo: true }))!;
    assert.deepEqual(undone!.left, []);
  });

  it('leaves nothing behind when it is undone, and what was there before is as it was', async () => {
    const was = await everything();
    await beginImport();
    assert.notDeepEqual(await everything(), was);
    const { undone } = (await abandonImport({ ...addresses, undo: true }))!;
    assert.deepEqual(undone!.left, []);
    assert.equal(undone!.rows, 2);
    assert.deepEqual(await everything(), was);
    assert.deepEqual(
      await abandonImport({ ...addresses, undo: true }).then(more => more?.undone?.removed ?? []),
      [],
    );
  });

  it('takes nothing that others have put in since, nor what that rests on, and names both', async () => {
    await beginImport();
    await asOwner(`create table public.later (id int, item int references shop.items (id));
      create view shop.later_view as select 1 as one; insert into public.empty_before values (77)`);
    const { undone } = (await abandonImport({ ...addresses, undo: true }))!;
    const left = undone!.left.map(({ type, name }) => `${type} ${name}`);
    assert.ok(left.includes('table public.later') && left.includes('view shop.later_view'), left.join());
    assert.match(undone!.left.find(({ name }) => name === 'shop.items')!.why, /other objects depend on it/);
    assert.match(
      undone!.left.find(({ name }) => name === 'public.later')!.why,
      /another transaction made or changed it/,
    );
    assert.deepEqual(await look(database, 'select id from public.empty_before'), [['77']]);
    assert.deepEqual(
      await look(database, `select to_regclass('shop.dear') is null, to_regclass('public.later') is null`),
      [['t', 'f']],
    );
    await asOwner('drop table public.later; drop view shop.later_view; delete from public.empty_before');
    const again = (await abandonImport({ ...addresses, undo: true }))!.undone!;
    assert.deepEqual(again.left, []);
    assert.deepEqual(await look(database, `select count(*) from pg_namespace where nspname = 'shop'`), [
      ['0'],
    ]);
  });

  it('takes nothing that others made or wrote while it ran, and no table that holds rows, columns or indexes of theirs', async () => {
    const running = join(folder, 'running.sql');
    // Another session, in the middle of the import: the lock holds the import up until that is done.
    writeScript(
      running,
      `--
-- PostgreSQL database dump
--
CREATE TABLE public.mine (id integer);
CREATE TABLE public.wide (id integer);
CREATE TABLE public.indexed (id integer);
CREATE TABLE public.clean (id integer);
COPY public.empty_before (id) FROM stdin;
1
\\.
COPY public.mine (id) FROM stdin;
1
\\.
CREATE ROLE abandon_wait;
SELECT pg_catalog.pg_advisory_xact_lock(4242);
CREATE TABLE public.last (id integer);
CREATE ROLE abandon_end;
DO $$ begin perform pg_terminate_backend(pg_backend_pid()); end $$;
`,
    );
    const other = connect(database.roleUrl('db_migrator'));
    try {
      await other.script('select pg_advisory_lock(4242)');
      const importing = assert.rejects(
        importInto(database, [running], { origin: 'postgres' }),
        /terminating connection/,
      );
      while (
        (
          await look(
            database,
            `select from pg_locks where locktype = 'advisory' and objid = 4242 and not granted`,
          )
        ).length === 0
      );
      await other.script(`create table public.orders (id int); insert into public.orders values (1);
        create function public.theirs() returns int language sql as 'select 1';
        insert into public.empty_before values (2); select pg_advisory_unlock(4242)`);
      await importing;
    } finally {
      await other.close();
    }
    await asOwner(`insert into public.mine values (2); alter table public.wide add column note text;
      create index on public.indexed (id)`);
    const { undone } = (await abandonImport({ ...addresses, undo: true }))!;
    const left = undone!.left.map(({ type, name }) => `${type} ${name}`).sort();
    assert.deepEqual(left, [
      'function public.theirs()',
      'table public.indexed',
      'table public.mine',
      'table public.orders',
      'table public.wide',
    ]);
    assert.deepEqual(await look(database, 'select id from public.empty_before'), [['2']]);
    assert.deepEqual(await look(database, 'select id from public.mine order by 1'), [['1'], ['2']]);
    assert.deepEqual(
      await look(database, `select to_regclass('public.clean') is null, to_regclass('public.last') is null`),
      [['t', 't']],
    );
  });
});
