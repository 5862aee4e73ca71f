import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diff } from './scratch.ts';

describe('what a plan opens is asked about: it', () => {
  const guarded = `create table t (a int); alter table t enable row level security; create policy p on t using (true); create policy r on t as restrictive using (a > 0)`;

  it('is row security that goes, and all else that stands between rows and whoever asks', async () => {
    const { openings, unproven } = await diff({
      before: `${guarded}; create view v with (security_invoker = true) as select a from t; create table o (a int);
        create function f() returns int language sql as 'select 1'; revoke execute on function f() from public`,
      after: `create table t (a int); create view v as select a from t; create table o (a int); grant select on o to public;
        create function f() returns int language sql security definer as 'select 1'`,
    });
    assert.deepEqual(unproven, []);
    assert.deepEqual(openings.toSorted(), [
      'Function public.f() runs with its owner’s rights from now on.',
      'Restrictive policy r on public.t goes: what it kept back is open.',
      'Row security of public.t is turned off: whoever has a grant sees every row.',
      'View public.v shows rows as its owner sees them, and no longer as whoever asks.',
      'public.f() is opened: public EXECUTE.',
      'public.o is opened: public SELECT.',
    ]);
  });

  it('is a restrictive policy that becomes another, and nothing that closes', async () => {
    const loose = guarded.replace('a > 0', 'a > -1');
    const opened = await diff({ before: guarded, after: loose });
    assert.deepEqual(opened.openings, [
      'Restrictive policy r on public.t is another: what it kept back may be open.',
    ]);
    const closed = await diff({
      before: 'create table t (a int); grant select on t to public; create view v as select a from t',
      after: `${guarded}; create view v with (security_invoker) as select a from t; create table fresh (a int); drop policy p on t`,
    });
    assert.deepEqual([closed.openings, closed.unproven], [[], []]);
  });
});
