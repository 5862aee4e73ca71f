import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readScript } from './read.ts';
import { type Piece, splitScript } from './split.ts';

/** In chunks of so many bytes, as a file or a pipe gives them. */
async function* chunks(script: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(script);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Read {
  readonly kind: Piece['kind'];
  readonly text: string;
  readonly line: number;
  readonly rows: { readonly line: number; readonly text: string } | null;
}

async function readWhole(script: string, size: number): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { kind, text, line, rows } of readScript(chunks(script, size), 'script')) {
    let copied = '';
    for await (const part of rows?.parts ?? []) copied += part;
    const has = rows !== null && !rows.isAtEnd;
    found.push({ kind, text, line, rows: has ? { line: rows.line, text: copied } : null });
  }
  return found;
}

/** Comments before a statement go with it, or are left out. */
const bare = (text: string): string => text.replace(/^(?:--[^\n\r]*[\n\r]\s*)+/, '');

const scripts = [
  'select 1; select 2',
  'select 1;\nselect\n2; select 3',
  '-- one\nselect 1;\n\n  -- two\n  select 2 -- three;\n;\n',
  "create function f() returns int language sql as $$\n  select ';';\n  select 2;\n$$;\nselect 'ä;\n\\x', E'\\';\n';\n",
  'copy t from stdin;\n1\t;\n2\n\\.\nselect 1;\n',
  'select 0; copy t (a, b) from stdin; -- rows\n1\t$$\n\\.\n\\connect other\ncopy u from stdin;\n\\.\nselect 2',
  '-- one\rselect 1;\n-- two\r\nselect 2; -- three\rselect 3;\n',
  'copy t from stdin; -- rows\r\n1\n\\.\ncopy u from stdin; -- none\rselect 1;\nselect 2;\n',
  'copy t from stdin;\n1\n2',
  'copy t from stdin;',
  'copy t from stdin;\n',
  'copy t from stdin; select 1;\n2\n',
  '\\copy t from stdin\n3\n\\.\nselect 2\n\\gx\nselect \'\\d\' as "\\e" -- \\f\n',
  'create rule r as on insert to t do also (\n  select 1;\n  select 2;\n);\nselect 3;\n',
  'create function g() returns int begin atomic\n  select 1;\n  select case when true then 1 end;\nend;\nselect 4;\n',
  `${'/* ;\n'.repeat(3)}${'*/\n'.repeat(3)}select 5;\n`,
];

describe('a script that is read as it comes', () => {
  it('gives what splitting the whole gives, however it is cut into chunks', async () => {
    for (const script of scripts) {
      const wanted = splitScript(script).map(({ kind, text, rows }) => ({ kind, text: bare(text), rows }));
      for (const size of [1, 7, 65_536]) {
        const found = (await readWhole(script, size)).map(({ kind, text, rows }) => ({
          kind,
          text: bare(text),
          rows,
        }));
        assert.deepEqual(found, wanted, `${JSON.stringify(script)} by ${size}`);
      }
    }
  });

  it('says where a statement stands, behind another one in its line as well', async () => {
    const found: (readonly [string, number, number])[] = [];
    for await (const { text, line, column } of readScript(
      chunks('\n-- c\nselect 1; select\n2;  select 3;\n', 5),
      'script',
    ))
      found.push([text, line, column]);
    assert.deepEqual(found, [
      ['select 1', 2, 0],
      ['select\n2', 2, 10],
      ['select 3', 3, 4],
    ]);
  });

  it('passes over rows that nobody reads', async () => {
    const texts: string[] = [];
    for await (const { text } of readScript(
      chunks(`copy t from stdin;\n${'1;\n'.repeat(9)}\\.\nselect 1;`, 8),
      'script',
    ))
      texts.push(text);
    assert.deepEqual(texts, ['copy t from stdin', 'select 1']);
  });

  it('holds no more of a COPY than a part, and takes a long statement in one go', async () => {
    let given = 0;
    const rows = Buffer.from('1\tsome text;\n'.repeat(80_000));
    const script = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from(
        `create function f() as $$\n${"  perform 'x;\n';\n".repeat(100_000)}$$;\ncopy t from stdin;\n`,
      );
      for (let part = 0; part < 200; part++) {
        given += rows.length;
        yield rows;
      }
      yield Buffer.from('\\.\nselect 2;\n');
    };
    const kinds: string[] = [];
    let taken = 0;
    for await (const piece of readScript(script(), 'script')) {
      kinds.push(piece.text.slice(0, 8));
      for await (const part of piece.rows?.parts ?? []) {
        taken += part.length;
        assert.ok(given - taken <= 2 * rows.length, `${given - taken} bytes are held`);
      }
    }
    assert.deepEqual(kinds, ['create f', 'copy t f', 'select 2']);
    assert.equal(taken, 200 * rows.length);
  });

  it('refuses what is no text, saying where', async () => {
    const latin = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("select 1;\nselect 'caf\xe9';\n", 'latin1');
    };
    await assert.rejects(async () => {
      for await (const _ of readScript(latin(), 'dump.sql'));
    }, /^ScriptError: dump\.sql is not text in UTF-8 \(line 2/);
  });

  it('says what unpacks a script that is compressed', async () => {
    for (const [bytes, program] of [
      [gzipSync('select 1;\n'), 'gzip'],
      [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x0a]), 'zstd'],
    ] as const) {
      const read = async (): Promise<void> => {
        for await (const _ of readScript(Readable.from([bytes]), 'films.sql.gz'));
      };
      await assert.rejects(read, { message: `films.sql.gz is compressed by ${program}.` });
    }
  });
});
