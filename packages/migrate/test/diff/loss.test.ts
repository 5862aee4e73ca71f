import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadPgDelta } from '../../src/diff/index.ts';
import { diff, rowsAfter, statements } from './scratch.ts';

describe('a change of values is asked about', () => {
  it('whatever the types are, and is none where every value arrives', async () => {
    const before = `create type mood as enum ('a', 'b'); create domain whole as int;
      create table lossy (iv interval, i0 interval, ip inet, ns numeric[], ts timestamptz[], tt timetz(6), n numeric, tx text, w whole, b bit varying(8), g int);
      create table kept (a smallint, b int, p int, c varchar(5), d mood, e json, f date, g whole, h real, i bool, j cidr, k int[], l char(4), m money, n time, o text);
      create table logged (a int)`;
    const rows = `insert into lossy values ('1 day 03:04:05.678', '03:04:05.678', '10.1.2.3/24', '{1.25}', '{2024-01-01 01:02:03}', '12:34:56.789+02', 1.239, 'abc', 1, '11', 7);
      insert into kept values (1, 2, 3, 'abc', 'a', '{"a":1}', '2024-01-01', 5, 0.1, true, '10.0.0.0/8', '{1}', 'ab', 1.25, '03:04:05', 'b')`;
    const after = `create type mood as enum ('a', 'b'); create domain whole as int;
      create table lossy (iv interval day, i0 interval(0), ip cidr, ns int[], ts date[], tt time(0), n money, tx name, w bool, b bit varying(4), g real);
      create table kept (a bigint, b numeric, p numeric(12, 2), c text, d text, e jsonb, f timestamptz, g numeric(9, 3), h double precision, i int, j inet, k bigint[], l text, m numeric, n interval, o mood);
      create unlogged table logged (a int)`;
    const { losses, unproven } = await diff({ before, after, rows });
    assert.deepEqual(unproven, []);
    assert.deepEqual(losses.map(({ message }) => message).sort(), [
      'Column b of public.lossy becomes bit varying(4): bits are cut.',
      'Column g of public.lossy becomes real: digits are lost.',
      'Column i0 of public.lossy becomes interval(0): fractions of seconds are rounded.',
      'Column ip of public.lossy becomes cidr: the host’s part of addresses is lost.',
      'Column iv of public.lossy becomes interval day: the other fields are cut.',
      'Column n of public.lossy becomes money: fractions are rounded to those of money.',
      'Column ns of public.lossy becomes integer[]: of each element fractions are rounded.',
      'Column ts of public.lossy becomes date[]: of each element the time of day is lost.',
      'Column tt of public.lossy becomes time(0) without time zone: fractions of seconds are rounded.',
      'Column tx of public.lossy becomes name: texts are cut at 63 bytes.',
      'Column w of public.lossy becomes boolean: numbers become true or false.',
      'Table public.logged becomes unlogged: a crash empties it, and neither a replica nor a backup of the WAL has its rows.',
    ]);
  });

  it('by what the rows say, where nobody has known it: a value is read back as its old type', async () => {
    const engine = await loadPgDelta();
    const { unproven } = await diff({
      before: 'create table t (a int, b int)',
      after: 'create table t (a bigint, b bigint)',
      rows: 'insert into t values (-1, 1)',
      more: {
        engine: {
          ...engine,
          plan: (from, to) =>
            engine
              .plan(from, to)
              .map(each => ({ ...each, sql: each.sql.replace(/USING (.+)::/, 'USING abs($1)::') })),
        },
      },
    });
    assert.deepEqual(unproven, ['Column a of public.t has other values afterwards.']);
  });

  it('and a computed column that is one of its own from now on keeps its values', async () => {
    const before = `create table t (a int, total int generated always as (a * 2) stored); create index t_total on t (total); create view v as select total from t`;
    const rows = 'insert into t values (21)';
    const found = await diff({
      before,
      rows,
      after:
        'create table t (a int, total int default 7 not null); create index t_total on t (total); create view v as select total from t',
    });
    assert.deepEqual(found.losses, []);
    assert.deepEqual(
      await rowsAfter(
        [before, rows, ...statements(found), 'insert into t values (1)'],
        'select total from v order by 1',
      ),
      ['7', '42'],
    );
    const { losses } = await diff({ before, rows, after: 'create table t (a int, total text)' });
    assert.deepEqual(
      losses.map(({ message }) => message),
      ['Column total of public.t goes with its values.'],
    );
  });

  it('and rows that were made up are no proof against a type', async () => {
    const { unproven, withoutRows, losses } = await diff({
      before: 'create table t (a text)',
      after: 'create table t (a uuid)',
    });
    assert.deepEqual([unproven, withoutRows, losses.length], [[], ['public.t'], 1]);
    const real = await diff({
      before: 'create table t (a text)',
      after: 'create table t (a uuid)',
      rows: `insert into t values ('x')`,
    });
    assert.match(real.unproven.join(), /invalid input syntax for type uuid: "x"/);
  });
});
