/** For tests: what each rule speaks of, and the like of it that it leaves alone. */

/** What the files before have made. */
export const BASE = `
create schema app;
create table t (id bigint primary key, n int, m int not null, s varchar(10), e timestamp, p numeric(8,2), j jsonb);
create table o (id bigint primary key, t_id bigint constraint ofk references t (id));
create table parts (id bigint, at date) partition by range (at);
create table p1 partition of parts for values from ('2024-01-01') to ('2025-01-01');
create table loose (id bigint, at date);
create index t_n on t (n);
create index t_s on t (s);
create type mood as enum ('sad', 'ok');
create domain email as text check (value ~ '@');
create materialized view mv as select 1;
create function f(a int) returns int language sql as 'select 1';
alter table o enable row level security;
create policy narrow on o as restrictive using (id > 0);
create policy wide on o using (true);
create function definer() returns int language sql security definer set search_path = '' as 'select 1';
create view guarded with (security_invoker) as select * from o;
`;

const NONE = '-- atlas:txmode none\n\n';
export const RESTED = `${BASE}create table rest partition of parts default;`;
export const CHECKED = `${BASE}alter table t add constraint n_there check (n is not null) not valid; alter table t validate constraint n_there;`;

/** By code: SQL for which the rule speaks, and the like for which it does not. */
export const CASES: Readonly<Record<string, { fires: readonly string[]; silent: readonly string[] }>> = {
  DS101: { fires: ['drop schema app cascade'], silent: ['create schema x; drop schema x'] },
  DS102: {
    fires: ['drop table o', 'drop table if exists elsewhere'],
    silent: ['create table x (); drop table x', 'drop view v'],
  },
  DS103: {
    fires: ['alter table t drop column n'],
    silent: ['create table x (a int); alter table x drop column a'],
  },
  DS104: {
    fires: ['truncate o', 'truncate t cascade', 'drop database x'],
    silent: ['create table x (); truncate x'],
  },
  DS105: {
    fires: ['update t set n = 1', 'delete from t'],
    silent: ['delete from t where id = 1', 'create table x (a int); update x set a = 1'],
  },
  MF101: {
    fires: ['create unique index on t (n)', 'alter table t add unique (n)'],
    silent: [
      'create index on t (n)',
      'create table x (a int unique); create unique index on x (a)',
      'alter table t add unique using index t_n',
    ],
  },
  MF102: {
    fires: ['drop index t_n; create unique index t_n on t (n)'],
    silent: ['create unique index t_n2 on t (n)', 'drop index t_n; create index t_n on t (n)'],
  },
  MF103: {
    fires: ['alter table t add column x int not null'],
    silent: [
      'alter table t add column x int not null default 0',
      'alter table t add column x int',
      'alter table t add x bigint generated always as identity not null',
    ],
  },
  MF104: { fires: ['alter table t alter n set not null'], silent: ['alter table t alter m set not null'] },
  BC101: {
    fires: ['alter table t rename to u'],
    silent: [
      'alter table t rename to u; create view t as select * from u',
      'create table x (); alter table x rename to y',
    ],
  },
  BC102: {
    fires: ['alter table t rename column n to k', 'alter table t rename n to k'],
    silent: ['alter table t rename constraint ofk to k'],
  },
  BC103: {
    fires: [
      'alter schema app rename to app2',
      "alter type mood rename value 'sad' to 'blue'",
      "drop function f(int); create function f(b int) returns int language sql as 'select 1'",
    ],
    silent: [
      "create or replace function f(a int) returns int language sql as 'select 2'",
      "alter type mood add value 'x'",
    ],
  },
  BC104: { fires: ['alter table t alter m drop not null'], silent: ['alter table t alter m drop default'] },
  CD101: {
    fires: ['alter table o drop constraint ofk'],
    silent: ['create table x (a int constraint c check (a > 0)); alter table x drop constraint c'],
  },
  PG101: {
    fires: ['create index on t (m)'],
    silent: [`${NONE}create index concurrently on t (m)`, 'create table x (a int); create index on x (a)'],
  },
  PG102: {
    fires: ['drop index t_n', 'drop index unknown_idx'],
    silent: [`${NONE}drop index concurrently t_n`],
  },
  PG103: {
    fires: [
      'create index concurrently on t (m)',
      'vacuum t',
      'reindex table concurrently t',
      'alter table parts detach partition p1 concurrently',
    ],
    silent: [
      `${NONE}create index concurrently on t (m)`,
      'analyze t',
      'refresh materialized view concurrently mv',
    ],
  },
  PG104: {
    fires: [`${NONE}create index concurrently i on t (m); alter table t add x int`],
    silent: [
      `${NONE}set lock_timeout = '2s'; create index concurrently i on t (m)`,
      'alter table t add x int; alter table t add y int',
    ],
  },
  PG105: {
    fires: ['reindex table t', 'refresh materialized view mv', 'alter table parts detach partition p1'],
    silent: [
      `${NONE}reindex table concurrently t`,
      'refresh materialized view concurrently mv',
      `${NONE}alter table parts detach partition p1 concurrently`,
    ],
  },
  PG106: {
    fires: [`${NONE}create index concurrently if not exists i on t (m)`],
    silent: [`${NONE}create index concurrently i on t (m)`, 'create index if not exists i on t (m)'],
  },
  PG201: {
    fires: [
      'alter table t add constraint u unique (n)',
      'alter table loose add primary key (id)',
      'alter table t add column x int unique',
    ],
    silent: ['alter table t add constraint u unique using index t_n'],
  },
  PG202: {
    fires: ['alter table t add constraint x exclude using gist (n with =)'],
    silent: ['create table x (n int, exclude using gist (n with =))'],
  },
  PG203: {
    fires: ['alter table t add constraint c check (n > 0)', 'alter table t add column x int check (x > 0)'],
    silent: ['alter table t add constraint c check (n > 0) not valid'],
  },
  PG204: {
    fires: [
      'alter table t add foreign key (n) references o (id)',
      'alter table t add column x bigint default 1 references o (id)',
    ],
    silent: [
      'alter table t add foreign key (n) references o (id) not valid',
      'alter table t add column x bigint references o (id)',
    ],
  },
  PG205: {
    fires: ['alter table t add constraint c check (n > 0) not valid; alter table t validate constraint c'],
    silent: [
      'alter table o validate constraint ofk',
      `${NONE}alter table t add constraint c check (n > 0) not valid; alter table t validate constraint c`,
    ],
  },
  PG206: {
    fires: [
      'create table x (a bigint references t (id))',
      'alter table t add foreign key (n, m) references o (id, id)',
    ],
    silent: [
      'create table x (a bigint references t (id)); create index on x (a)',
      'create table x (a bigint primary key references t (id))',
    ],
  },
  PG301: {
    fires: [
      'alter table t alter n type bigint',
      'alter table t alter s type varchar(5)',
      'alter table t alter p type numeric(8,3)',
      'alter table unknown alter x type text',
      'alter table t alter n type int using n + 1',
    ],
    silent: [
      'alter table t alter s type varchar(20)',
      'alter table t alter s type text',
      'alter table t alter s type varchar',
      'alter table t alter p type numeric(12,2)',
      'alter table t alter e type timestamptz',
      'alter table t alter s type text using s::text',
    ],
  },
  PG302: {
    fires: [
      'alter table t add x uuid default gen_random_uuid()',
      'alter table t add x bigserial',
      'alter table t add x bigint generated always as identity',
      'alter table t add x int generated always as (n * 2) stored',
      'alter table t add x int default f(1)',
    ],
    silent: [
      'alter table t add x timestamptz default now()',
      "create function g() returns int language sql stable as 'select 1'; alter table t add x int default g()",
    ],
  },
  PG303: {
    fires: [
      'alter table t set unlogged',
      'alter table t set tablespace fast',
      'alter table t set access method heap',
      'alter table t alter n set expression as (m + 1)',
      'cluster t using t_n',
      'vacuum full t',
      'vacuum full',
    ],
    silent: ['alter table t set (fillfactor = 80)', 'vacuum t'],
  },
  PG304: {
    fires: [
      'alter table t add x email',
      'create table x (a email)',
      "alter domain email add check (value <> '')",
    ],
    silent: [
      "alter domain email add check (value <> '') not valid",
      'create domain d as text; create table x (a d)',
    ],
  },
  PG305: {
    fires: [
      "create table p2 partition of parts for values from ('2025-01-01') to ('2026-01-01')",
      "alter table parts attach partition loose for values from ('2025-01-01') to ('2026-01-01')",
    ],
    silent: [
      "create table p2 (id bigint, at date); alter table parts attach partition p2 for values from ('2025-01-01') to ('2026-01-01')",
    ],
  },
  PG306: {
    fires: ['create trigger g before update on t for each row execute function tg()'],
    silent: ['create table x (); create trigger g before update on x for each row execute function tg()'],
  },
  PG401: {
    fires: [
      'alter table t add x int',
      "alter table t add x int; set lock_timeout = '2s'",
      'set lock_timeout to default; alter table t add x int',
    ],
    silent: [
      "set lock_timeout = '2s'; alter table t add x int",
      "set local lock_timeout = '2s'; drop table o",
      'create table x (a int)',
      'alter table t alter n set statistics 100',
    ],
  },
  PG402: {
    fires: [
      'alter table t add x int; alter table o add x int',
      'alter table t add x int; update t set x = 1 where id < 5',
    ],
    silent: [
      'alter table t add x int; alter table t add y int',
      `${NONE}alter table t add x int; alter table o add x int`,
    ],
  },
  PG403: {
    fires: [
      'begin',
      'commit',
      'set role x',
      'set search_path to x',
      "select set_config('search_path', '', false)",
      "select pg_catalog.set_config('search_path', '', false)",
    ],
    silent: [
      'set local search_path to x',
      "select set_config('search_path', '', true)",
      'savepoint a',
      "set lock_timeout = '1s'",
    ],
  },
  PG404: {
    fires: ["alter type mood add value 'meh'; alter table t add x mood default 'meh'"],
    silent: [
      "alter type mood add value 'meh'; alter table t add x mood default 'ok'",
      `${NONE}alter type mood add value 'meh'; alter table t add x mood default 'meh'`,
      "create type y as enum ('a'); alter type y add value 'meh'; create table z (a y default 'meh')",
    ],
  },
  PG405: {
    fires: [
      "create function g() returns int language sql security definer as 'select 1'",
      'create view v as select * from o',
      'create view v as select * from (select id from o) x',
      'create materialized view m as select * from o',
      'alter view guarded reset (security_invoker)',
      'alter view guarded set (security_invoker = off)',
      'alter table guarded reset (security_invoker)',
      'alter function f(int) security definer',
      'alter function definer() reset search_path',
      'alter function definer() reset all',
    ],
    silent: [
      'alter view guarded set (security_invoker = on)',
      'alter table t reset (fillfactor)',
      "alter function f(int) security definer set search_path = ''",
      'alter function f(int) reset search_path',
      'alter function definer() stable',
      'create materialized view m as select * from t',
      "create function g() returns int language sql security definer set search_path = '' as 'select 1'",
      'create view v with (security_invoker) as select * from o',
      'create view v as select * from t',
    ],
  },
  PG406: {
    fires: [
      'create table x (a int)',
      'create table x as select 1 as a',
      'create table app.x (a int); alter table app.x set schema public',
      'create policy p on t using (true)',
      'alter table o disable row level security',
      'alter table o no force row level security',
      'drop policy narrow on o',
      'drop policy narrow on public.o',
    ],
    silent: [
      'create table x (a int); alter table x enable row level security; alter table x no force row level security',
      'drop policy wide on o',
      'alter table o set schema app',
      'create table x (a int); alter table x enable row level security',
      'create policy p on o using (true)',
      'create table app.x (a int)',
      'create temporary table x (a int)',
    ],
  },
};
