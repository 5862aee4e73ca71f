import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, type TestDatabase, testDatabase } from '@peakstone/testing';
import { fillTables } from '../../src/diff/proof/rows.ts';
import { run } from './scratch.ts';

const many = Array.from(
  { length: 110 },
  (_, n) => `create table t${n} (id int primary key, note text not null);`,
);

describe('rows for a proof of many tables', () => {
  let folder: TestDatabase;
  let source: TestDatabase;
  before(async () => {
    [folder, source] = [await testDatabase(), await testDatabase()];
    await run(folder.superuserUrl, many.join('\n'));
    await run(
      folder.superuserUrl,
      `create table never (a int check (false)); create table once (a boolean unique, b text not null default 'x');
        create table had (a int); insert into had values (7);
        create function refuse() returns trigger language plpgsql as $$ begin raise 'fired'; end $$;
        create trigger fires before insert on t5 for each row execute function refuse();
        alter table t6 add foreign key (id) references t7`,
    );
    await run(source.superuserUrl, many.join('\n'));
    await run(
      source.superuserUrl,
      `insert into t0 select g, 'real; ''' || g from generate_series(1, 300) g; insert into t1 values (1, 'unreadable');
        alter table t2 drop column note; insert into t2 values (42)`,
    );
  });
  after(async () => {
    await folder.drop();
    await source.drop();
  });

  it('are copied where there are some, made up elsewhere, and one table that takes none is no other’s affair', async () => {
    await run(
      source.superuserUrl,
      `grant usage on schema public to ${source.name}; grant select on all tables in schema public to ${source.name}; revoke select on t1 from ${source.name}`,
    );
    const reader = `${source.superuserUrl}${source.superuserUrl.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c role=${source.name}`)}`;
    const { madeUp, empty } = await fillTables(folder.superuserUrl, [], new Map(), reader);
    assert.deepEqual(empty, ['public.never']);
    assert.equal(madeUp.size, 109);
    assert.ok(!madeUp.has('public.t0') && !madeUp.has('public.t2') && !madeUp.has('public.had'));
    const client = connect(folder.superuserUrl);
    assert.deepEqual(
      await client.query(`select (select count(*) from t0), (select min(note) from t0), (select count(*) from t1), (select id from t2),
        (select count(*) from t5), (select count(*) from t6), (select count(*) from t109), (select count(*) from once), (select count(*) from had)`),
      [['200', "real; '1", '3', '42', '3', '3', '3', '1', '1']],
    );
    await client.close();
  });
});
