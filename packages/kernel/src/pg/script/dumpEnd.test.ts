import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DumpEnd } from './dumpEnd.ts';
import { readScript } from './read.ts';

const opening = (name: string): string =>
  `--\n-- PostgreSQL ${name} dump\n--\n\n\\restrict k3y\n\nSET a = 1;\n`;
const closing = (name: string): string => `\n--\n-- PostgreSQL ${name} dump complete\n--\n\n`;
const filler = `${'select 1; -- as long as a dump is\n'.repeat(4000)}`;
const whole = `${opening('database')}${filler}${closing('database')}\\unrestrict k3y\n\n`;

/** Read in chunks of so many bytes. */
async function endOf(text: string, size = 1000): Promise<DumpEnd> {
  const end = new DumpEnd();
  const bytes = Buffer.from(text);
  const chunks = (async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  })();
  for await (const _ of readScript(chunks, 'dump.sql', end));
  return end;
}

describe('a dump’s text', () => {
  it('is whole where it ends as pg_dump, pg_dumpall and the Supabase CLI end theirs', async () => {
    const cluster = `${opening('database cluster')}${filler}\\unrestrict k3y\n\\connect a\n${whole}${closing('database cluster')}`;
    const bare = whole.replace(/^--.*\n/gm, '');
    for (const text of [
      whole,
      whole.replaceAll('\n', '\r\n'),
      `\ufeff${whole}`,
      cluster,
      // Without comments, as the Supabase CLI and people take them out.
      bare,
      'SET a = 1;\nCREATE ROLE "r";\n\nRESET ALL;\n',
      `SET session_replication_role = replica;\n${bare.replaceAll('\\', '-- \\')}RESET ALL;\n`,
      // With what people append to one.
      `${whole}select pg_notify('pgrst', 'reload schema');\n`,
      `${whole}${whole}`,
    ])
      for (const size of [1, 7, 1000, 1_000_000])
        if (size > 7 || text.length < 1000)
          assert.equal((await endOf(text, size)).missing, null, text.slice(-80));
  });

  it('is not known to be whole where it ends otherwise, wherever it was cut', async () => {
    const cluster = `${opening('database cluster')}\\connect a\n${whole}\\connect b\n${whole}${closing('database cluster')}`;
    for (const text of [whole, cluster]) {
      const last = text.lastIndexOf('dump complete');
      for (let at = 1; at < last; at += 9_973)
        assert.notEqual((await endOf(text.slice(0, at))).missing, null, String(at));
      assert.notEqual((await endOf(text.slice(0, last))).missing, null);
    }
    // Between two databases: the first is whole, and the server is not.
    const between = cluster.slice(0, cluster.indexOf('\\connect b'));
    assert.match((await endOf(between)).missing ?? '', /as pg_dumpall begins a dump, and does not end with/);
    // The second of two in one file.
    assert.notEqual((await endOf(`${whole}${whole.slice(0, 2000)}`)).missing, null);
    assert.notEqual((await endOf(`${whole}${whole.slice(0, 90_000)}`)).missing, null);
    assert.notEqual((await endOf('create table a (id int);\n')).missing, null);
    // The key is another's.
    assert.notEqual((await endOf('\\restrict a\nselect 1;\n\\unrestrict b\n')).missing, null);
  });

  it('is told from other scripts by how it begins', async () => {
    assert.equal((await endOf(whole)).isDump, true);
    assert.equal((await endOf(`\\connect x\n${opening('database cluster')}`)).isDump, true);
    assert.equal((await endOf('create table a (id int);\n')).isDump, false);
  });

  it('is not whole because a row, a string or a function body says so', async () => {
    const said = '-- PostgreSQL database dump complete';
    const head = `${opening('database')}create table notes (body text);\n`;
    const short = whole.replace(filler, '');
    const unrestricted = head.replace('\\restrict k3y\n', '');
    const planted = [
      `COPY notes (body) FROM stdin;\n${said}\n\\.\n`,
      `COPY notes (body) FROM stdin;\n${said}\n`,
      `COPY notes (body) FROM stdin;\nRESET ALL;\n`,
      `COPY notes (body) FROM stdin;\n\\\\unrestrict k3y\n${said}\n\\.\nselect 1;\n`,
      `insert into notes values ('a\n${said}\n\\unrestrict k3y\nRESET ALL;\n');\n`,
      `create function f() returns int language sql as $_$\n${said}\n;select 1$_$;\nselect 2;\n`,
      `comment on table notes is\n${said}\n'x';\n`,
      `/* a\n${said}\n*/\nselect 1;\n`,
    ];
    for (const begin of [head, unrestricted])
      for (const row of planted)
        for (const size of [7, 1_000_000]) {
          assert.notEqual((await endOf(begin + row, size)).missing, null, row);
          assert.notEqual((await endOf(short + begin + row, size)).missing, null, row);
          // And is where its own end follows.
          const rows = row.startsWith('COPY') && !row.includes('\n\\.\n') ? '\\.\n' : '';
          const key = begin === head ? '\\unrestrict k3y\n' : '';
          const ended = `${begin}${row}${rows}${closing('database')}${key}`;
          assert.equal((await endOf(ended, size)).missing, null, row);
        }
    // The key of the beginning was not given back.
    assert.match((await endOf(`${head}${closing('database')}`)).missing ?? '', /\\unrestrict/);
    // What is read together with a long statement.
    const long = `select '${'a;\n'.repeat(20_000)}';\n`;
    const behind = (text: string): string => `${unrestricted}${long}${text}`;
    assert.equal((await endOf(behind(`select 1;\n${closing('database')}`))).missing, null);
    assert.notEqual((await endOf(behind(planted[0]!))).missing, null);
  });

  it('is whole where each of several dumps in it has its own end', async () => {
    const roles = `${opening('database cluster')}CREATE ROLE a;\n\\unrestrict k3y\n${closing('database cluster')}`;
    for (const text of [roles + whole, whole + roles, roles + roles])
      assert.equal((await endOf(text)).missing, null);
    const cut = whole.slice(0, whole.lastIndexOf('--\n-- PostgreSQL'));
    for (const text of [roles + cut, cut + whole, cut + roles, roles.slice(0, 90) + whole])
      assert.notEqual((await endOf(text)).missing, null);
  });
});
