/** Many migrations as one checkpoint, proven on a throw-away server. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type MigrationFolder, planSquash, proveOnThrowaway, readFolder } from '../src/migrate/index.ts';

const files = {
  '0001_schema.sql': `create schema shop;\nset search_path = shop;\ncreate type mood as enum ('sad');\ncreate table things (id int generated always as identity primary key, mood mood, price numeric(9,2) check (price > 0), made timestamptz default clock_timestamp());\n`,
  '0001a_zone.sql': `create table shop.times (at timestamptz, word text);\ndo $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); end $$;\ncreate temp table times (n int);\n`,
  '0001b_times.sql': `insert into shop.times values ('2024-01-01 00:00', current_setting('search_path')) -- the last one`,
  '0002_index.sql': '-- atlas:txmode none\n\ncreate index concurrently by_price on shop.things (price);\n',
  '0003_rights.sql': `alter table shop.things enable row level security;\ncreate policy mine on shop.things for select to app_user using (auth.uid() is not null);\ngrant select on shop.things to web_anon;\ncomment on table shop.things is 'it''s; all';\n`,
  '0004_more.sql': `alter type shop.mood add value 'ok';\n`,
  '0005_rows.sql': `insert into shop.things (mood) values ('ok'), ('sad');\ncreate function shop.f() returns int language sql begin atomic select 1; end;\ncreate materialized view shop.dear as select id from shop.things with no data;\n`,
};

describe('squashing a folder', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'peakstone-squash-'));
  let folder: MigrationFolder;
  before(async () => {
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, name), text);
    folder = await readFolder(root, 'atlas');
  });
  after(() => rmSync(root, { recursive: true }));
  const signal = new AbortController().signal;

  it('makes one checkpoint that makes the same: objects, owners, grants, policies, comments, rows', async () => {
    const squashed = planSquash(folder, 'v1');
    assert.equal(squashed.name, '0006_checkpoint.sql');
    assert.match(squashed.text, /^-- atlas:checkpoint v1\n-- atlas:txmode none\n\n-- 0001_schema\.sql\n/);
    assert.match(squashed.text, /\ncreate index by_price on/);
    const { differences, byChance } = await proveOnThrowaway(folder, squashed, {}, signal);
    assert.deepEqual([differences, byChance], [[], ['values of shop.things.made']]);
  });

  it('sees what would be missing or another', async () => {
    const squashed = planSquash(folder, null);
    const text = squashed.text
      .replace(/grant select[^;]*;\n/, '')
      .replace('numeric(9,2)', 'numeric(8,2)')
      .replace("('ok'), ('sad')", "('ok')")
      .replace(' with no data', '');
    const { differences } = await proveOnThrowaway(folder, { ...squashed, text }, {}, signal);
    assert.deepEqual(
      differences.map(line => /^(?:values of |position of sequence )?\w* ?[^\s:]+/.exec(line)?.[0]).sort(),
      [
        'column shop.things.price',
        'position of sequence shop.things_id_seq',
        'rows shop.dear',
        'rows shop.things',
        'table shop.things',
        'values of shop.things.id',
        'values of shop.things.mood',
      ],
    );
  });
});
