import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { connect } from '@peakstone/testing';
import { ask, fixture, importInto, look, told, withDatabase, writeScript } from './support.ts';

describe('an import of what does not say all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-incomplete-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('refuses a plain dump that was cut off between two statements; taken nevertheless, nothing of it is open', async () => {
    const plain = readFileSync(fixture('plain.sql'), 'utf8');
    const cluster = readFileSync(fixture('cluster.sql'), 'utf8');
    const schema = readFileSync(fixture('cli.schema.sql'), 'utf8');
    const before = (text: string, what: string): string => text.slice(0, text.indexOf(what));
    const unsecured = before(plain, '-- Name: films; Type: ROW SECURITY').replace(/--\n$/, '');
    const cuts: readonly (readonly [name: string, text: string])[] = [
      ['rows.sql', unsecured],
      ['comment.sql', before(plain, '-- Name: films; Type: ROW SECURITY')],
      ['grants.sql', before(plain, 'GRANT ')],
      ['cluster.sql', before(cluster, '--\n-- PostgreSQL database cluster dump complete')],
      ['schema.sql', before(schema, 'GRANT ')],
      ['cut.sql.gz', unsecured],
    ];
    await withDatabase(async database => {
      for (const [name, text] of cuts) {
        const cut = join(folder, name);
        writeFileSync(cut, name.endsWith('.gz') ? gzipSync(text) : text);
        await assert.rejects(importInto(database, [cut]), (error: Error & { hint?: string }) => {
          assert.match(error.message, /is not known to be whole: it begins as pg_dump(?:all)? begins a dump/);
          assert.match(error.hint ?? '', /--allow-incomplete/);
          return true;
        });
      }
      assert.deepEqual(await look(database, `select to_regclass('public.films')`), [[null]]);
      const report = await importInto(database, [join(folder, 'rows.sql')], { allowIncomplete: true });
      assert.equal(report.rows['public.films'], 20);
      assert.deepEqual(report.openTables, []);
      for (const role of ['anon', 'authenticated', 'web_anon'])
        await assert.rejects(ask(database, role, null, 'select * from public.films'), { code: '42501' });
    });
  });

  it('of a script that may be cut off leaves nothing open that it does not close, whatever it grants', async () => {
    const script = join(folder, 'granted.sql');
    writeFileSync(
      script,
      `create table public.open (id int); create table public.closed (id int); alter table public.closed enable row level security;
create function public.act() returns int language sql security definer as 'select 1';
create view public.seen as select id from public.closed;
grant all on public.open to anon; grant all on public.closed to anon; grant all on public.seen to anon;\n`,
    );
    await withDatabase(async database => {
      const report = await importInto(database, [script], { allowIncomplete: true });
      assert.deepEqual(told(report, 'warning', 'table').sort(), ['public.open', 'public.seen']);
      assert.deepEqual(told(report, 'warning', 'routine'), ['public.act()']);
      for (const sql of ['select * from public.open', 'select * from public.seen', 'select public.act()'])
        await assert.rejects(ask(database, 'anon', null, sql), { code: '42501' });
      assert.deepEqual(await ask(database, 'anon', null, 'select * from public.closed'), []);
    });
  });

  it('opens by a guess nothing that the dump neither makes nor secures', async () => {
    await withDatabase(async database => {
      const client = connect(database.roleUrl('db_migrator'));
      await client.script(
        'create table public.mine (id int); revoke all on public.mine from public, web_anon, app_user, anon',
      );
      await client.close();
      // Neither a part before the policies (--section=pre-data), nor rows alone, say anything of who may what.
      const early = join(folder, 'early.sql');
      writeScript(early, 'create table public.early (id int);');
      const first = await importInto(database, [early]);
      assert.match(first.notes.find(({ what }) => what === 'privileges')?.why ?? '', /nor of row security/);
      await assert.rejects(ask(database, 'anon', null, 'select * from public.early'), { code: '42501' });
      const rowsAlone = join(folder, 'rowsAlone.sql');
      writeScript(rowsAlone, 'COPY public.mine (id) FROM stdin;\n1\n\\.\n');
      await importInto(database, [rowsAlone]);
      await importInto(database, [fixture('clean-noowner.sql')]);
      await assert.rejects(ask(database, 'anon', null, 'select * from public.mine'), { code: '42501' });
    });
  });

  it('takes a plain dump as it was compressed', async () => {
    const packed = join(folder, 'packed.sql.gz');
    writeFileSync(packed, gzipSync(readFileSync(fixture('cluster.sql'))));
    const broken = join(folder, 'broken.sql.gz');
    writeFileSync(broken, readFileSync(packed).subarray(0, 4_000));
    await withDatabase(async database => {
      await assert.rejects(importInto(database, [broken]), /is damaged/);
      const report = await importInto(database, [packed]);
      assert.equal(report.rows['public.films'], 20);
      assert.deepEqual(told(report, 'failed', 'statement'), []);
    });
  });
});
