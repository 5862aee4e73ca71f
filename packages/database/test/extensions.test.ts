import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Bootstrapped, startBootstrapped } from './bootstrapped.ts';

const OURS = [
  ...['btree_gin', 'btree_gist', 'citext', 'pg_stat_statements', 'pg_trgm', 'pgcrypto', 'unaccent'],
  'uuid-ossp',
];
const places = `select n.nspname || '.' || extname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname <> 'plpgsql' order by 1`;

describe("the stack's extensions", () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped();
  });
  after(() => stack.server.stop());

  it('are in a schema of their own, found by every role without naming it, and by no API', async () => {
    assert.deepEqual(
      await stack.asSuperuser(places),
      OURS.map(name => [`extensions.${name}`]),
    );
    const names =
      "select crypt('x', gen_salt('bf', 4)) <> '' and 'A'::citext = 'a' and similarity('a', 'a') = 1";
    for (const rows of [
      await stack.as('db_migrator', names),
      await stack.as('hasura', names),
      await stack.asRequest('web_anon', names),
      await stack.asSuperuser(names),
    ])
      assert.deepEqual(rows, [['t']]);
    assert.deepEqual(
      await stack.asSuperuser("select count(*) from pg_proc where pronamespace = 'public'::regnamespace"),
      [['0']],
    );
  });

  it('let db_migrator add further ones there, as the SQL of Supabase projects does', async () => {
    await stack.as('db_migrator', 'create extension hstore with schema extensions');
    assert.deepEqual(await stack.as('db_migrator', "select 'a=>1'::hstore -> 'a'"), [['1']]);
    await assert.rejects(
      stack.as('db_migrator', 'create function extensions.mine() returns int language sql return 1'),
      {
        code: '42501',
      },
    );
    assert.equal((await stack.bootstrap()).outcome, 'unchanged');
  });
});

describe('the extensions of a stack that has them in public', () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped();
    await stack.asSuperuser(
      ...OURS.map(name => `alter extension "${name}" set schema public`),
      'alter database postgres reset search_path',
      "create role worker login password 'x'",
      'alter role worker set search_path = public',
      "create role odd login password 'x'",
      'alter role odd in database postgres set search_path = "$user", public',
    );
    await stack.as(
      'db_migrator',
      'create table people (name citext primary key, secret text, note text)',
      'create index on people using gin (note gin_trgm_ops)',
      "create view shouting as select name, crypt(secret, gen_salt('bf', 4)) as hash from people",
      "create function plain(x text) returns text language plpgsql as $$ begin return crypt(x, gen_salt('bf', 4)); end $$",
      "create function apart() returns text language plpgsql set search_path = pg_catalog as $$ begin return 'nothing of theirs'; end $$",
      'create function parsed(a citext, b citext) returns boolean language sql set search_path = public return a = b',
      'create function ready(a citext, b citext) returns boolean language sql set search_path = public, extensions as $$ select a = b $$',
      "insert into people values ('Ada', 'x', 'a note')",
    );
  });
  after(() => stack.server.stop());

  it('move at the next start, and what uses them goes on', async () => {
    const report = await stack.bootstrap();
    assert.deepEqual(report.failed, []);
    assert.ok(report.repaired.includes('extensions') && report.repaired.includes('search path'));
    assert.deepEqual(
      await stack.asSuperuser(places),
      OURS.map(name => [`extensions.${name}`]),
    );
    assert.deepEqual(await stack.asRequest('web_anon', "select name from people where name = 'ADA'"), [
      ['Ada'],
    ]);
    assert.deepEqual(await stack.as('db_migrator', "select parsed('a', 'A'), ready('a', 'A')"), [['t', 't']]);
    await stack.as('db_migrator', 'drop function parsed');
    assert.match((await stack.asRequest('web_anon', 'select hash from shouting')).join(), /^\$2a/);
    assert.match((await stack.asRequest('app_user', "select plain('x')")).join(), /^\$2a/);
    assert.deepEqual(
      await stack.asSuperuser(
        "select setconfig[1] from pg_db_role_setting where setconfig[1] like 'search_path%' order by setrole::regrole::text",
      ),
      [
        ['search_path="$user", public, extensions'],
        ['search_path="$user", public, extensions'],
        ['search_path=public, extensions'],
      ],
    );
    assert.equal((await stack.bootstrap()).outcome, 'unchanged');
  });

  it('stay, as the report says, where a function would no longer find them, until it can', async () => {
    await stack.asSuperuser(
      'alter extension pgcrypto set schema public',
      'alter extension citext set schema public',
      'alter extension pg_trgm set schema public',
      'alter extension unaccent set schema public',
    );
    await stack.as(
      'db_migrator',
      "create function login(secret text) returns text language plpgsql set search_path = public as $$ begin return crypt(secret, gen_salt('bf', 4)); end $$",
      "create function find(who citext) returns setof people language sql set search_path = public as 'select * from people where name = who'",
      "create function near(x text) returns boolean language plpgsql set search_path = public as $$ begin return x % 'word'; end $$",
      "create function bare(x text) returns text language plpgsql set search_path = '' as $$ begin return public.unaccent(x); end $$",
    );
    const { failed } = await stack.bootstrap();
    const step = (name: string) => failed.find(each => each.step.includes(` ${name} `))?.reason ?? '';
    assert.match(step('pgcrypto'), /stays in public.*login\(text\)/);
    assert.match(step('citext'), /find\(public\.citext\)/);
    assert.match(step('pg_trgm'), /near\(text\)/);
    assert.match(step('unaccent'), /bare\(text\)/);
    assert.equal(failed.length, 4);
    assert.match((await stack.asRequest('app_user', "select login('x')")).join(), /^\$2a/);
    assert.deepEqual(await stack.asRequest('app_user', "select name from find('ADA')"), [['Ada']]);
    await stack.as(
      'db_migrator',
      ...['login(text)', 'find(citext)', 'near(text)'].map(
        name => `alter function ${name} set search_path = public, extensions`,
      ),
      "create or replace function bare(x text) returns text language plpgsql set search_path = '' as $$ begin return extensions.unaccent(x); end $$",
    );
    assert.deepEqual((await stack.bootstrap()).failed, []);
    assert.match((await stack.asRequest('app_user', "select login('x')")).join(), /^\$2a/);
    assert.deepEqual(await stack.asRequest('app_user', "select name from find('ADA')"), [['Ada']]);
    assert.equal((await stack.bootstrap()).outcome, 'unchanged');
  });

  it('stay where another role owns them, who could have added what it likes', async () => {
    await stack.asSuperuser('drop extension "uuid-ossp"');
    await stack.as(
      'db_migrator',
      'create extension "uuid-ossp" schema public',
      'create function planted() returns text language sql as $$ select current_user::text $$',
      'alter extension "uuid-ossp" add function planted()',
    );
    const { failed } = await stack.bootstrap();
    assert.match(failed.map(({ reason }) => reason).join(), /stays in public: .* belongs to db_migrator/);
    assert.equal(failed.length, 1);
    assert.deepEqual(
      await stack.asSuperuser(
        "select from pg_proc where pronamespace = 'extensions'::regnamespace and proname = 'planted'",
      ),
      [],
    );
    await stack.as('db_migrator', 'drop extension "uuid-ossp"');
    assert.deepEqual((await stack.bootstrap()).failed, []);
  });

  const fixed = 'language sql set search_path = public as';
  const ways: Readonly<Record<string, readonly [call: string, ...make: readonly string[]]>> = {
    'an argument': [
      "used('a', 'A')",
      `create function used(a citext, b citext) returns boolean ${fixed} $$ select a = b $$`,
    ],
    'a domain': [
      "used('a', 'A')",
      'create domain label as citext',
      `create function used(a label, b label) returns boolean ${fixed} $$ select a = b $$`,
    ],
    'an array': [
      "used(array['a']::citext[], 'A')",
      `create function used(a citext[], b citext) returns boolean ${fixed} $$ select b = any (a) $$`,
    ],
    'a row': [
      "(select used(p) from people p where name = 'Ada')",
      `create function used(p people) returns boolean ${fixed} $$ select p.name='ADA' $$`,
    ],
    'a result': [
      'used()',
      `create function names() returns setof citext language sql as $$ select name from people $$`,
      `create function used() returns boolean ${fixed} $$ select bool_or(n = 'ADA') from names() n $$`,
    ],
    'a statement put together': [
      'used()',
      `create function used() returns boolean language plpgsql set search_path = public as
         $$ declare found boolean; begin execute 'select bool_or(name = ''ADA'') from ' || 'peo' || 'ple' into found; return found; end $$`,
    ],
    'a path set inside': [
      "used('a', 'A')",
      `create function used(a citext, b citext) returns boolean language plpgsql as
         $$ begin perform set_config('search_path', 'public', true); return a = b; end $$`,
    ],
    'an operator with its schema': [
      "used('a', 'A')",
      `create function used(a citext, b citext) returns boolean language sql set search_path = '' as $$ select a operator(public.=) b $$`,
    ],
  };
  for (const [what, [call, ...make]] of Object.entries(ways))
    it(`stay where a function with a search path of its own reaches a type's operators by ${what}`, async () => {
      await stack.asSuperuser('alter extension citext set schema public');
      await stack.as('db_migrator', ...make);
      const before = await stack.as('db_migrator', `select ${call}`);
      assert.deepEqual(before, [['t']]);
      const { failed } = await stack.bootstrap();
      assert.match(
        failed.find(({ step }) => step.includes(' citext '))?.reason ?? '',
        /stays in public.*used\(/,
      );
      assert.deepEqual(await stack.as('db_migrator', `select ${call}`), before);
      await stack.as(
        'db_migrator',
        'drop function used',
        'drop function if exists names',
        'drop domain if exists label',
      );
      assert.deepEqual((await stack.bootstrap()).failed, []);
    });

  it('stay where a function is called from one with a search path of its own', async () => {
    await stack.asSuperuser('alter extension pgcrypto set schema public');
    await stack.as('db_migrator', `create function calls() returns text ${fixed} $$ select plain('x') $$`);
    const { failed } = await stack.bootstrap();
    assert.match(failed[0]?.reason ?? '', /calls\(\)/);
    assert.match((await stack.as('db_migrator', 'select calls()')).join(), /^\$2a/);
    await stack.as('db_migrator', 'drop function calls');
    assert.deepEqual((await stack.bootstrap()).failed, []);
  });

  it('go back for code from before the move, as docs/deployment.md says, and forwards again', async () => {
    const document = readFileSync(path.join(import.meta.dirname, '../../../docs/deployment.md'), 'utf8');
    const script = /<!-- tested: extensions back -->[\s\S]*?<<'SQL'\n([\s\S]*?) \\gexec/.exec(document)?.[1];
    assert.ok(script);
    const statements = await stack.asSuperuser(script);
    assert.equal(statements.length, OURS.length);
    await stack.asSuperuser(...statements.flat().map(String));
    assert.deepEqual(
      await stack.asSuperuser(places),
      OURS.map(name => [`public.${name}`]),
    );
    assert.deepEqual((await stack.bootstrap()).failed, []);
    assert.deepEqual(
      await stack.asSuperuser(places),
      OURS.map(name => [`extensions.${name}`]),
    );
  });

  it('stay where something of the same name is in the way', async () => {
    await stack.asSuperuser(
      'alter extension unaccent set schema public',
      'create function extensions.unaccent(text) returns text language sql return $1',
    );
    const { failed } = await stack.bootstrap();
    assert.deepEqual(
      failed.map(({ step }) => step),
      ['extension unaccent into schema extensions'],
    );
    assert.match(failed[0]?.reason ?? '', /already exists/);
    await stack.asSuperuser('drop function extensions.unaccent(text)');
    assert.deepEqual((await stack.bootstrap()).failed, []);
  });
});

describe('what the superuser makes', () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped({ schemas: ['public', 'people'] });
    await stack.asSuperuser(
      'create table people.person (id serial primary key, kind text)',
      'create table people.copy as select * from people.person',
      'create view people.names as select kind from people.person',
      'create materialized view people.counts as select count(*) from people.person',
      'create sequence people.numbers',
      "create type people.mood as enum ('good')",
      'create domain people.word as text',
      'create function people.one() returns int language sql return 1',
      'create function people.super() returns int language sql security definer return 1',
      'create schema other',
      'create table other.thing (id int)',
    );
  });
  after(() => stack.server.stop());

  it("in the application's schemas belongs to db_migrator where it is a relation, and stays its maker's where it brings code", async () => {
    const owners = await stack.asSuperuser(
      `select name || ' ' || pg_get_userbyid(owner) from (
         select relname, relowner from pg_class where relnamespace in ('people'::regnamespace, 'other'::regnamespace) and relkind <> 'i' and relkind <> 'c'
         union all select typname, typowner from pg_type where typnamespace = 'people'::regnamespace and typtype in ('e', 'd')
         union all select proname, proowner from pg_proc where pronamespace = 'people'::regnamespace
       ) as made (name, owner) order by 1`,
    );
    assert.deepEqual(owners.flat(), [
      'copy db_migrator',
      'counts db_migrator',
      'mood postgres',
      'names db_migrator',
      'numbers db_migrator',
      'one postgres',
      'person db_migrator',
      'person_id_seq db_migrator',
      'super postgres',
      'thing postgres',
      'word postgres',
    ]);
    await stack.as('db_migrator', 'alter table people.person add seen int', 'drop view people.names');
  });

  it('is read and changed through the APIs like what db_migrator makes', async () => {
    await stack.asRequest('app_user', "insert into people.person (kind) values ('x')");
    assert.deepEqual(await stack.asRequest('web_anon', 'select kind from people.person'), [['x']]);
    await assert.rejects(stack.asRequest('web_anon', 'delete from people.person'), { code: '42501' });
  });

  it('is left alone where it is given to a role on purpose, or comes with an extension', async () => {
    await stack.asSuperuser(
      'create table people.theirs (id int)',
      'alter table people.theirs owner to hasura',
      'create extension ltree schema people',
    );
    assert.deepEqual(
      await stack.asSuperuser(
        "select pg_get_userbyid(relowner) from pg_class where relname = 'theirs' union all select pg_get_userbyid(typowner) from pg_type where typname = 'ltree'",
      ),
      [['hasura'], ['postgres']],
    );
  });
});
