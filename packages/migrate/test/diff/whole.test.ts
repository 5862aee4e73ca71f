import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testDatabase } from '@peakstone/testing';
import { describeDatabase } from '../../src/describe/index.ts';
import { loadPgDelta } from '../../src/diff/index.ts';
import { findInvalidIndexes } from '../../src/index.ts';
import { diff, rowsAfter, run, statements } from './scratch.ts';

const parted = `create table gp (id int not null, d date not null) partition by range (d);
  create table gp1 partition of gp for values from ('2020-01-01') to ('2030-01-01') partition by list (id);
  create table gp11 partition of gp1 default;`;

describe('an index of a partitioned table', () => {
  const indexed = `create unique index gp_u on gp (id, d); create index gp_k on gp (d); create index "G 1" on gp1 (d, id)`;
  const invalid = `select count(*) from pg_index where not indisvalid union all select count(*) from pg_index where indrelid = 'gp11'::regclass`;

  it('is made in its partitions, so that a unique one keeps duplicates out', async () => {
    for (const [before, after] of [
      [parted, `${parted} ${indexed}`],
      ['', `${parted} ${indexed}`],
    ] as const) {
      const all = statements(await diff({ before, after }));
      assert.deepEqual(await rowsAfter([...(before === '' ? [] : [before]), ...all], invalid), ['0', '3']);
    }
  });

  it('is made whole where the folder has made it without its partitions', async () => {
    const before = `${parted} create unique index gp_u on only gp (id, d); alter table only gp add constraint gp_pk primary key (d, id)`;
    const after = `${parted} create unique index gp_u on gp (id, d); alter table gp add constraint gp_pk primary key (d, id)`;
    const all = statements(await diff({ before, after }));
    assert.deepEqual(await rowsAfter([before, ...all], invalid), ['0', '2']);
  });

  it('that is invalid in what is wanted is no one’s wish', async () => {
    const { unproven } = await diff({
      before: parted,
      after: `${parted} create unique index gp_u on only gp (id, d)`,
    });
    assert.match(unproven.join(), /^Index public\.gp_u is invalid in what is wanted/);
  });

  it('that is invalid in a database is told of, with what builds it', async () => {
    const database = await testDatabase();
    try {
      await run(
        database.superuserUrl,
        `${parted} create unique index gp_u on only gp (id, d); alter table only gp add unique (d, id);
          create table t (a int); insert into t values (1), (1)`,
      );
      await assert.rejects(run(database.superuserUrl, 'create unique index concurrently t_a on t (a)'));
      const found = await findInvalidIndexes(database.superuserUrl);
      assert.deepEqual(
        found.map(({ name }) => name),
        ['public.gp_u', 'public.gp_d_id_key', 'public.t_a'],
      );
      await run(database.superuserUrl, 'delete from t');
      for (const { hint } of found)
        for (const sql of hint.slice(hint.indexOf(': ') + 2).split('; '))
          await run(database.superuserUrl, sql);
      assert.deepEqual(await findInvalidIndexes(database.superuserUrl), []);
    } finally {
      await database.drop();
    }
  });
});

describe('the proof reads the catalogs by itself: it', () => {
  const features = `create table par (a int default 1); create table child (b int) inherits (par); alter table child alter a set default 5;
    create table pd (id int, v text default 'x') partition by list (id); create table pd1 partition of pd (v default 'only here') for values in (1);
    create table pd2 partition of pd default; alter table pd2 alter v drop default;
    create function f() returns trigger language plpgsql as 'begin return new; end';
    create trigger tr before insert on pd for each row execute function f(); alter table pd1 disable trigger tr;
    create type ct as (a int, b text); create table oft of ct; comment on column ct.a is 'of a type';
    create view v as select 1 as a, 2 as b; alter view v alter a set default 3; comment on column v.b is 'of a view';
    create table tt (t text, u int) with (toast.autovacuum_enabled = off); alter table tt alter t set (n_distinct = 5);
    create index tte on tt ((lower(t))); alter index tte alter column 1 set statistics 400;
    create statistics st on t, u from tt; alter statistics st set statistics 77`;

  it('has made what the library is blind to', async () => {
    const { unproven, unmodelled } = await diff({ before: '', after: features });
    assert.deepEqual([unproven, unmodelled], [[], []]);
  });

  it('has kept it where the rest changes, and changed it where that is wanted', async () => {
    const after = features
      .replace('par (a int default 1)', 'par (a int default 4)')
      .replace('select 1 as a', 'select 1::text as a')
      .replace('n_distinct = 5', 'n_distinct_inherited = 7')
      .replace('disable trigger', 'enable always trigger')
      .replace('(toast.autovacuum_enabled = off)', '(toast.autovacuum_vacuum_threshold = 9)');
    const { unproven, unmodelled } = await diff({ before: features, after });
    assert.deepEqual([unproven, unmodelled], [[], []]);
    const back = await diff({ before: features, after: 'create table tt (t text, u int)' });
    assert.deepEqual([back.unproven, back.unmodelled], [[], []]);
  });

  it('believes no plan that calls itself whole', async () => {
    const engine = await loadPgDelta();
    let isFirst = true;
    const { unproven } = await diff({
      before: 'create table old (a int)',
      after: `create table old (a int check (a > 0)); create table t (id int primary key, n int default 3);
        create view v with (security_invoker) as select id from t; alter table t enable row level security; create policy p on t using (id = 1)`,
      more: {
        offline: true,
        engine: {
          ...engine,
          plan(from, to) {
            const all = isFirst ? engine.plan(from, to) : [];
            isFirst = false;
            return all
              .filter(({ sql }) => !/ROW LEVEL|SET DEFAULT|ADD CONSTRAINT.*CHECK/.test(sql))
              .map(each => ({
                ...each,
                sql: each.sql.replace(/ WITH \(security_invoker.*?\)| DEFAULT 3/, ''),
              }));
          },
        },
      },
    });
    const text = unproven.join('\n');
    for (const part of [
      'column public.t.n: default is none, wanted is 3',
      'table public.t: row security is none, wanted is yes',
      'view public.v: options is none, wanted is security_invoker=',
    ])
      assert.ok(text.includes(part), `${part}\n${text}`);
  });

  it('names what it leaves as it is', async () => {
    const { files, unproven, unmodelled } = await diff({
      before: 'create table t (a int)',
      after:
        'create table t (a int, b int); create operator === (leftarg = int, rightarg = int, function = int4eq); create language pl handler plpgsql_call_handler',
    });
    assert.deepEqual([files.length, unproven], [1, []]);
    assert.deepEqual(unmodelled, ['language pl', 'operator public.===(integer,integer)']);
    const again = await diff({
      before: 'create table t (a int)',
      after: 'create table t (a int); create language pl handler plpgsql_call_handler',
    });
    assert.deepEqual([again.files, again.unmodelled], [[], ['language pl']]);
  });
});

describe('what the library has no plan for', () => {
  it('is left as it is and named, and the rest is planned', async () => {
    const { files, unproven, unmodelled } = await diff({
      before:
        'create domain price as numeric(12, 4); create type c as (a int); create table t (p price, c c)',
      after:
        'create domain price as int; create type c as (a bigint); create table t (p price, c c, more int)',
    });
    assert.deepEqual(unproven, []);
    assert.deepEqual(files.flatMap(each => each.statements).slice(1), [
      'ALTER TABLE "public"."t" ADD COLUMN "more" integer',
    ]);
    assert.deepEqual(unmodelled, [
      'column public.c.a: type is integer, wanted is bigint',
      'domain public.price: base is numeric(12,4), wanted is integer',
    ]);
  });

  it('ends with a line that says so', async () => {
    const engine = await loadPgDelta();
    const database = await testDatabase();
    try {
      const scope = {
        ...{ ignoredSchemas: [], ignoredTables: [], impliedOwners: [] },
        ...{ sharedTables: [], openTables: [], foreignTables: [] },
      };
      const reading = engine.read(await engine.extract(database.superuserUrl), scope);
      const broken = { ...reading, handle: { ...(reading.handle as object), facts: null } };
      assert.throws(() => engine.plan(broken, reading), {
        code: 'refused',
        message: /^No plan is known for this change: /,
      });
    } finally {
      await database.drop();
    }
  });

  it('was a domain that is NOT NULL, and a child that declares its parent’s column', async () => {
    const { unproven, unmodelled } = await diff({
      before: '',
      after: `create domain posint as int not null check (value > 0); create table t (a posint);
        create table base (a int, c int); create table child (c int, a int) inherits (base); create table other (d int) inherits (base)`,
    });
    assert.deepEqual([unproven, unmodelled], [[], []]);
  });
});

describe('a description', () => {
  it('is read by a role that is nobody special as well', async () => {
    const database = await testDatabase();
    try {
      await run(database.superuserUrl, 'create table public.t (a int)');
      const separator = database.superuserUrl.includes('?') ? '&' : '?';
      const url = `${database.superuserUrl}${separator}options=${encodeURIComponent(`-c role=${database.name}`)}`;
      const found = await describeDatabase(url, {
        ...{ ignoredSchemas: [], ignoredTables: [], impliedOwners: [] },
        ...{ sharedTables: [], openTables: [], foreignTables: [] },
      });
      assert.ok(found.has('table public.t') && found.has('column public.t.a'));
    } finally {
      await database.drop();
    }
  });
});
