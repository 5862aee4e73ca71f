import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DumpEnd } from './dumpEnd.ts';

const opening = (name: string): string =>
  `--\n-- PostgreSQL ${name} dump\n--\n\n\\restrict k3y\n\nSET a = 1;\n`;
const closing = (name: string): string => `\n--\n-- PostgreSQL ${name} dump complete\n--\n\n`;
const filler = `${'select 1; -- as long as a dump is\n'.repeat(4000)}`;
const whole = `${opening('database')}${filler}${closing('database')}\\unrestrict k3y\n\n`;

/** In chunks of so many bytes. */
function endOf(text: string, size = 1000): DumpEnd {
  const end = new DumpEnd();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) end.take(bytes.subarray(at, at + size));
  return end;
}

describe('a dump’s text', () => {
  it('is whole where it ends as pg_dump, pg_dumpall and the Supabase CLI end theirs', () => {
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
        if (size > 1 || text.length < 1000) assert.equal(endOf(text, size).missing, null, text.slice(-80));
  });

  it('is not known to be whole where it ends otherwise, wherever it was cut', () => {
    const cluster = `${opening('database cluster')}\\connect a\n${whole}\\connect b\n${whole}${closing('database cluster')}`;
    for (const text of [whole, cluster]) {
      const last = text.lastIndexOf('dump complete');
      for (let at = 1; at < last; at += 997)
        assert.notEqual(endOf(text.slice(0, at)).missing, null, String(at));
      assert.notEqual(endOf(text.slice(0, last)).missing, null);
    }
    // Between two databases: the first is whole, and the server is not.
    const between = cluster.slice(0, cluster.indexOf('\\connect b'));
    assert.match(endOf(between).missing ?? '', /as pg_dumpall begins a dump, and does not end with/);
    // The second of two in one file.
    assert.notEqual(endOf(`${whole}${whole.slice(0, 2000)}`).missing, null);
    assert.notEqual(endOf(`${whole}${whole.slice(0, 90_000)}`).missing, null);
    assert.notEqual(endOf('create table a (id int);\n').missing, null);
    // The key is another's.
    assert.notEqual(endOf('\\restrict a\nselect 1;\n\\unrestrict b\n').missing, null);
  });

  it('is told from other scripts by how it begins', () => {
    assert.equal(endOf(whole).isDump, true);
    assert.equal(endOf(`\\connect x\n${opening('database cluster')}`).isDump, true);
    assert.equal(endOf('create table a (id int);\n').isDump, false);
    assert.equal(endOf('').isEmpty, true);
  });
});
