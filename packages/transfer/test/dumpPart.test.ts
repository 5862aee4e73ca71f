/** Dumps of a part of a database: what they need is said before anything is made. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect } from '@peakstone/testing';
import { type DumpLab, dump, openDumpLab } from './dumpLab.ts';

describe('a dump of a part of a database', () => {
  let lab: DumpLab;
  let source = '';
  before(async () => {
    lab = await openDumpLab();
    source = await lab.restored(
      `create role part_clerk; create role part_owner;
      create schema shop; create schema "Other"; create extension citext schema shop;
      create type shop.mood as enum ('calm'); create domain "Other".price as numeric check (value > 0);
      create function shop.touch() returns trigger language plpgsql as $$ begin return new; end $$;
      create table shop.customers (id int primary key, mail shop.citext);
      create table shop."Orders" (id int primary key, customer int references shop.customers, mood shop.mood, price "Other".price);
      create trigger touched before insert on shop."Orders" for each row execute function shop.touch();
      alter table shop."Orders" enable row level security;
      create policy p on shop."Orders" for select to part_clerk using (exists (select from shop.customers));
      grant select on shop."Orders" to part_clerk; alter table shop."Orders" owner to part_owner;
      insert into shop.customers values (1, 'a@example.com'); insert into shop."Orders" values (1, 1, 'calm', 2);
      create table shop.a_first (id int primary key, other int); create table shop.b_second (id int primary key, other int references shop.a_first);
      alter table shop.a_first add foreign key (other) references shop.b_second;
      create table shop.tree (id int primary key, above int references shop.tree);
      create table shop.parts (id int primary key references shop.z_bases) partition by range (id);\n`.replace(
        'create table shop.parts',
        'create table shop.z_bases (id int primary key); create table shop.parts',
      ),
    );
    const client = connect(source);
    await client.script(`create table shop.parts_1 partition of shop.parts for values from (0) to (10);
      insert into shop.z_bases values (1); insert into shop.parts values (1)`);
    await client.close();
  });
  after(() => lab.close());

  const tables = async (url: string): Promise<string[]> => {
    const client = connect(url);
    const rows = await client.query(
      `select oid::regclass::text from pg_class where relkind in ('r', 'p') and oid >= 16384 order by 1`,
    );
    await client.close();
    return rows.flat() as string[];
  };

  it('says all that is missing in one line, and makes nothing', async () => {
    const text = await dump(source, { selection: { tables: ['shop.Orders'] } });
    const empty = await lab.emptyDatabase();
    await assert.rejects(lab.restored(text, empty), (error: Error) => {
      assert.match(error.message, /This is a part of a database, and what it needs is not here: /);
      for (const what of [
        'schema shop',
        'table shop.customers',
        'type shop.mood',
        'type "Other".price',
        'function shop.touch()',
      ])
        assert.ok(error.message.includes(what), `${what} in ${error.message}`);
      assert.doesNotMatch(error.message, /part_clerk|_pkey/);
      return true;
    });
    assert.deepEqual(await tables(empty), []);
  });

  it('of a schema names extensions and roles, and is restored where all of that is', async () => {
    const text = await dump(source, { selection: { schemas: ['shop'] } });
    const empty = await lab.emptyDatabase();
    await assert.rejects(lab.restored(text.replaceAll('part_clerk', 'no_clerk'), empty), (error: Error) => {
      for (const what of ['extension citext', 'role no_clerk', 'type "Other".price'])
        assert.ok(error.message.includes(what), `${what} in ${error.message}`);
      return true;
    });
    const prepared = await lab.restored(
      'create schema "Other"; create domain "Other".price as numeric check (value > 0); create extension citext;\n',
    );
    // Its schema was the dump's own, where the dump makes it.
    const client = connect(prepared);
    await client.script('create schema shop; alter extension citext set schema shop');
    await assert.rejects(lab.restored(text, prepared), /What this dump makes is here already: schema shop\./);
    await client.close();
  });

  it('of rows alone goes into the schema in an order that keys allow, and names tables and columns that are missing', async () => {
    const schema = await lab.restored(await dump(source, { content: 'schema' }));
    const rows = await dump(source, {
      content: 'data',
      selection: { excludedTables: ['shop.a_first', 'shop.b_second'] },
    });
    assert.ok(rows.indexOf('COPY shop.customers') < rows.indexOf('COPY shop."Orders"'));
    assert.ok(rows.indexOf('COPY shop.z_bases') < rows.indexOf('COPY shop.parts_1'));
    await lab.restored(rows, schema);
    const client = connect(schema);
    assert.deepEqual(await client.query('select count(*) from shop."Orders"'), [['1']]);
    await client.script('truncate shop.customers, shop."Orders"; alter table shop."Orders" drop column mood');
    await assert.rejects(lab.restored(rows, schema), /not here: table column shop\."Orders"\.mood\./);
    assert.deepEqual(await client.query('select count(*) from shop.customers'), [['0']]);
    await client.close();
  });

  it('of rows that refer to one another both ways says so, and goes in without keys', async () => {
    const schema = await lab.restored(await dump(source, { content: 'schema' }));
    const rows = await dump(source, { content: 'data' });
    await assert.rejects(
      lab.restored(rows, schema),
      /refer to one another, and no order brings them in: shop\.a_first, shop\.b_second\./,
    );
    await lab.restored(`set session_replication_role = replica;\n${rows}`, schema);
  });

  it('says whose its things are, before whoever may not give them away has made them', async () => {
    const part = { selection: { tables: ['shop.Orders'] }, content: 'schema' } as const;
    const target = await lab.restored(await dump(source, { content: 'schema' }));
    const client = connect(target);
    await client.script(`drop table shop."Orders"; create role part_guest; grant create, usage on schema shop to part_guest;
      grant references on shop.customers to part_guest; grant usage on schema "Other" to part_guest`);
    await client.close();
    const asGuest = (text: string): string => `set role part_guest;\n${text}`;
    await assert.rejects(
      lab.restored(asGuest(await dump(source, part)), target),
      /belongs to whom you may not give it: part_owner\./,
    );
    assert.ok(!(await tables(target)).includes('shop."Orders"'));
    await lab.restored(asGuest(await dump(source, { ...part, owners: false })), target);
  });
});
