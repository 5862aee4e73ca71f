import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '@peakstone/testing';
import { dumpDatabase, runPgDump, writeWholeFile } from '@peakstone/transfer';
import { type DumpLab, dump, openDumpLab, pgDump, realDump, restoreFile } from './dumpLab.ts';
import { fingerprint } from './fingerprint.ts';
import { fixture } from './support.ts';

describe('a dump', () => {
  let lab: DumpLab;
  before(async () => {
    lab = await openDumpLab();
    await restoreFile(lab.url, fixture('everything.sql'));
  });
  after(() => lab.close());
  const emptyDatabase = () => lab.emptyDatabase();
  const restored = (text: string, into?: string) => lab.restored(text, into);

  it('of everything a database can hold comes back the same to the byte, from an empty database', async () => {
    const first = await dump(lab.url);
    const copy = await restored(first);
    assert.equal(await dump(copy), first);
    assert.deepEqual(await fingerprint(copy), await fingerprint(lab.url));
  });

  it('is what PostgreSQL’s own pg_dump writes of it, restored', {
    skip: pgDump === null && 'no pg_dump of version 17 here',
  }, async () => {
    const copy = await restored(await dump(lab.url));
    assert.equal(await realDump(copy), await realDump(lab.url));
  });

  it('with --clean is restored over itself', async () => {
    const text = await dump(lab.url, { clean: true });
    const copy = await restored(text);
    await restored(text, copy);
    assert.equal(await dump(copy), await dump(lab.url));
  });

  it('of the schema alone has no rows, and of the rows nothing else; together they are the whole', async () => {
    const schema = await dump(lab.url, { content: 'schema' });
    assert.doesNotMatch(schema, /^COPY|setval/m);
    const copy = await restored(schema);
    assert.doesNotMatch(await dump(lab.url, { content: 'data' }), /^CREATE/m);
    const client = connect(copy);
    assert.deepEqual(await client.query('select count(*) from app.people'), [['0']]);
    await client.close();
  });

  it('of one table has what belongs to it, and nothing else', async () => {
    const text = await dump(lab.url, { selection: { tables: ['app.people'] } });
    const made = [...text.matchAll(/^CREATE (?:CONSTRAINT )?(\w+)/gm)].map(match => match[1]);
    assert.deepEqual(
      new Set(made),
      new Set(['TABLE', 'SEQUENCE', 'INDEX', 'UNIQUE', 'STATISTICS', 'TRIGGER', 'POLICY']),
    );
    assert.doesNotMatch(text, /children/);
    await assert.rejects(
      dump(lab.url, { selection: { tables: ['app.film'] } }),
      /^TransferError: There is no table 'app\.film'\.$/,
    );
    await assert.rejects(
      dump(lab.url, { selection: { schemas: ['ap'] } }),
      /^TransferError: There is no schema 'ap'\.$/,
    );
  });

  it('of one schema leaves out the others', async () => {
    const text = await dump(lab.url, { selection: { schemas: ['Odd*'] } });
    assert.deepEqual(
      [...text.matchAll(/^CREATE (?:TABLE|VIEW|SCHEMA) (\S+)/gm)].map(match => match[1]),
      ['"Odd', '"Odd', '"Odd'],
    );
  });

  it('says all that holds: what the other database gives by default on new things is not added', async () => {
    const source = await restored(`create schema app;
      create table app.secret (a text); create view app.shown as select 1 as one; create sequence app.s;
      create function app.f(a int, out b text) language sql as 'select $1::text'; create type app.mood as enum ('calm');
      create procedure app.p(inout x int) language sql as 'select $1'; revoke execute on procedure app.p from public;
      create role dump_guest; create role dump_clerk;
      grant select on app.shown to dump_clerk;\n`);
    const target = await restored(`alter default privileges grant all on tables to dump_guest, dump_clerk;
      alter default privileges grant all on sequences to dump_guest; alter default privileges grant all on functions to dump_guest;
      alter default privileges revoke execute on functions from public; alter default privileges grant usage on types to dump_guest;
      alter default privileges revoke usage on types from public; alter default privileges grant all on schemas to dump_guest;\n`);
    const text = await dump(source);
    await restored(text, target);
    const client = connect(target);
    const may =
      await client.query(`select r, has_table_privilege(r, 'app.secret', 'select'), has_table_privilege(r, 'app.shown', 'select'),
      has_function_privilege(r, 'app.f(int)', 'execute'), has_function_privilege(r, 'app.p(int)', 'execute'), has_schema_privilege(r, 'app', 'usage')
      from unnest(array['dump_guest', 'dump_clerk']) r order by 1`);
    await client.close();
    assert.deepEqual(may, [
      ['dump_clerk', 'f', 't', 't', 'f', 'f'],
      ['dump_guest', 'f', 'f', 't', 'f', 'f'],
    ]);
    const one = await dump(source, { selection: { tables: ['app.secret'] } });
    await restored('drop table app.secret;\n', target);
    await restored(one, target);
    const again = connect(target);
    assert.deepEqual(await again.query(`select has_table_privilege('dump_guest', 'app.secret', 'select')`), [
      ['f'],
    ]);
    await again.close();
  });

  it('says of each privilege who gave it, also where the list has them in no order in which they could be given', async () => {
    const source =
      await restored(`create role chain_owner; create role chain_a; create role chain_b; create role chain_c;
      create table public.held (id int); alter table public.held owner to chain_owner;
      grant select on public.held to chain_a with grant option;
      set session authorization chain_a; grant select on public.held to chain_c; reset session authorization;
      grant select on public.held to chain_b with grant option;
      set session authorization chain_b; grant select on public.held to chain_a with grant option; reset session authorization;
      revoke grant option for select on public.held from chain_a;\n`);
    const acl = async (url: string): Promise<(string | null)[][]> => {
      const client = connect(url);
      const rows = await client.query(
        "select unnest(relacl)::text from pg_class where relname = 'held' order by 1",
      );
      await client.close();
      return rows;
    };
    assert.deepEqual((await acl(source)).flat(), [
      'chain_a=r*/chain_b',
      'chain_a=r/chain_owner',
      'chain_b=r*/chain_owner',
      'chain_c=r/chain_a',
      'chain_owner=arwdDxtm/chain_owner',
    ]);
    assert.deepEqual(await acl(await restored(await dump(source))), await acl(source));
  });

  it('without owners and privileges says nothing of them', async () => {
    const text = await dump(lab.url, { owners: false, privileges: false });
    assert.doesNotMatch(text, /^(?:GRANT|REVOKE|ALTER .* OWNER TO|ALTER DEFAULT)/m);
  });

  it('cannot be made to hold commands by the names of what it holds', async () => {
    const url = await emptyDatabase();
    const client = connect(url);
    await client.script(
      'create table public."x\n\\! touch /tmp/owned\n" (id int); create role "evil\n\\! owned"; alter table public."x\n\\! touch /tmp/owned\n" owner to "evil\n\\! owned"',
    );
    await client.close();
    const text = await dump(url);
    assert.deepEqual(
      text
        .split('\n')
        .filter(line => line.startsWith('--') && line.includes('\\!') === false && /^\\!/.test(line)),
      [],
    );
    for (const comment of text.split('\n').filter(line => line.startsWith('-- Name')))
      assert.doesNotMatch(comment, /\n/);
    const copy = await restored(text);
    assert.equal(await dump(copy), text);
  });

  it('lets psql run nothing that the server it comes from says', async () => {
    const opening = /^--\n-- PostgreSQL database dump\n--\n\n\\restrict ([0-9a-f]{64})\n/;
    const texts = [
      await dump(lab.url, { restrictKey: undefined as never }),
      await dump(lab.url, { restrictKey: undefined as never, content: 'data' }),
    ];
    const keys = texts.map(text => opening.exec(text)?.[1]);
    for (const [index, text] of texts.entries()) {
      assert.ok(keys[index]);
      assert.ok(text.endsWith(`\n\\unrestrict ${keys[index]}\n\n`));
    }
    assert.notEqual(keys[0], keys[1]);
    // Nothing can run in a restore of what such a server could have written in the midst of it.
    await assert.rejects(
      restored(texts[0]!.replace('SET statement_timeout', '\\! touch /tmp/owned\nSET statement_timeout')),
      /\\! is a command of psql, where all are restricted/,
    );
  });

  it('by a pg_dump before 17.6 is restricted all the same, and what we add to it', async () => {
    for (const help of ['--restrict-key=KEY', '']) {
      const program = join(lab.folder, 'pg_dump');
      writeFileSync(
        program,
        `#!/bin/sh\ncase "$*" in --help) echo "${help}";; *--restrict-key=known*) printf '%s\n' '\\restrict known' 'select 1;' '\\unrestrict known';; *) echo 'select 1;';; esac\n`,
        { mode: 0o755 },
      );
      const parts: string[] = [];
      await runPgDump(program, {
        url: lab.url,
        restrictKey: 'known',
        write: async part => void parts.push(part.toString()),
      });
      const text = parts.join('');
      assert.match(text, /^\\restrict known\nselect 1;\n\\unrestrict known\n\\restrict known\n/);
      assert.match(text, /\n\\unrestrict known\n$/);
      assert.equal(text.match(/restrict known$/gm)?.length, 4);
    }
  });

  it('keeps the settings of a key’s index, and who may use a language', async () => {
    const url = await restored(`create schema app;
      create table app.filled (id int, code int, constraint filled_pk primary key (id) with (fillfactor=70), constraint filled_code unique (code) with (fillfactor=50) deferrable);
      revoke usage on language plpgsql from public;\n`);
    const copy = await restored(await dump(url));
    const client = connect(copy);
    assert.deepEqual(
      await client.query(
        `select relname, reloptions::text from pg_class where relname like 'filled_%' order by 1`,
      ),
      [
        ['filled_code', '{fillfactor=50}'],
        ['filled_pk', '{fillfactor=70}'],
      ],
    );
    assert.deepEqual(
      await client.query(
        `select 0 = any (select grantee from aclexplode(lanacl)) from pg_language where lanname = 'plpgsql'`,
      ),
      [['f']],
    );
    await client.close();
  });

  it('names what it cannot hold', async () => {
    const url = await restored('create schema other;\ncreate operator family other.strange using btree;\n');
    const report = await dumpDatabase({ url, write: async () => undefined });
    assert.deepEqual(report.omitted, [{ what: 'operator family other.strange', why: 'unsupported' }]);
  });

  it('names what is said of the database itself, and makes tables of an access method that it cannot hold as others are', async () => {
    const url =
      await restored(`create role dump_held; create access method heap2 type table handler heap_tableam_handler;
      create table public.odd (id int) using heap2; insert into public.odd values (1);
      do $$ begin execute format('alter database %I set search_path to app, public', current_database());
        execute format('alter role dump_held in database %I set work_mem to ''5MB''', current_database());
        execute format('comment on database %I is ''ours''', current_database()); end $$;\n`);
    const parts: string[] = [];
    const report = await dumpDatabase({ url, write: async part => void parts.push(part.toString()) });
    assert.deepEqual(
      report.omitted.map(({ what }) => what),
      [
        'access method heap2',
        'access method of table public.odd',
        'alter database … set search_path to app, public',
        'alter role dump_held in database … set work_mem to 5MB',
        "comment on database … is 'ours'",
      ],
    );
    const client = connect(await restored(parts.join('')));
    assert.deepEqual(await client.query('select id::text from public.odd'), [['1']]);
    await client.close();
  });

  it('is a file that only its owner may read, there whole or not at all', async () => {
    const file = join(lab.folder, 'whole.sql');
    await writeWholeFile(file, write => dumpDatabase({ url: lab.url, write }));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /dump complete\n--\n\n\\unrestrict [0-9a-f]{64}\n\n$/);
    const broken = join(lab.folder, 'broken.sql');
    await assert.rejects(
      writeWholeFile(broken, async write => {
        await write('half');
        throw new Error('full');
      }),
      /full/,
    );
    assert.deepEqual(
      spawnSync('ls', [lab.folder], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(name => name.includes('broken')),
      [],
    );
  });
});
