/** A file that is no dump is refused before anything is done with it, by what it looks like. */
import { TransferError } from '../errors.ts';
import { readHead } from './textFile.ts';

/** A dump begins with far less of comments than this. */
const HEAD_BYTES = 65_536;

/** How statements of dumps and migrations begin. */
const VERBS = new Set(
  [
    'abort alter analyze begin call checkpoint close cluster comment commit copy create deallocate declare delete discard',
    'do drop end execute explain fetch grant import insert listen load lock merge move notify prepare reassign refresh',
    'reindex release reset revoke rollback savepoint security select set show start table truncate unlisten update vacuum',
    'values with',
  ].flatMap(line => line.split(' ')),
);

/** By how they begin, unpacked where that can be (textFile.ts). */
const LOOKS: readonly (readonly [pattern: RegExp, what: string, hint?: string])[] = [
  [
    /^(?:\xff\xfe|\xfe\xff)/,
    'text in UTF-16, as PowerShell writes it',
    'Let pg_dump write the file itself: pg_dump -f FILE',
  ],
  [/^SQLite format 3\0/, 'a database of SQLite', 'pgloader brings one into PostgreSQL.'],
  [/^PRAGMA /i, 'a dump of SQLite', 'pgloader brings the database into PostgreSQL.'],
  [/^BZh\d/, 'a file compressed by bzip2', 'Unpack it first: bunzip2 FILE'],
  [/^\xfd7zXZ/, 'a file compressed by xz', 'Unpack it first: unxz FILE'],
  [/^PK\x03\x04/, 'a zip archive', 'Unpack it, and name the dump that is in it.'],
  [/^%PDF/, 'a PDF'],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF)/, 'a picture'],
  [/^(?:\x7fELF|MZ)/, 'a program'],
  [/^<(?:!doctype )?html/i, 'a page of HTML'],
  [/^<\?xml/, 'XML'],
  [/^[[{]/, 'JSON'],
  [/^#!/, 'a script of a shell'],
  [/^(?:#{1,6} |\* |- |!?\[)/, 'a text in Markdown'],
  [
    /^"?[\w ]+"?(?:[,;\t]"?[\w ]+"?)+\r?\n/,
    'a table in CSV',
    `Its rows go into a table by: peakstone sql "\\copy TABLE from 'FILE' csv header"`,
  ],
];

const MYSQL = /^(?:\/\*![^\n]*\n|\s)*-- (?:MySQL|MariaDB) dump/;
const USUAL = 'Name what pg_dump, pg_dumpall or the Supabase CLI wrote.';

/**
 * Looks at how the file begins. One that holds nothing is none of its business: of several, some may.
 * @throws {TransferError} when it is something else than a script of SQL, saying what it looks like
 */
export async function assertScript(name: string): Promise<void> {
  const bytes = await readHead(name, HEAD_BYTES);
  const head = bytes.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  if (head.startsWith('PGDMP'))
    throw new TransferError(`${name} holds an archive, compressed once more.`, {
      hint: `Unpack it first: gzip -dc ${name} > backup.dump`,
    });
  if (MYSQL.test(head))
    throw noDump(name, 'it looks like a dump of MySQL', 'pgloader brings the database into PostgreSQL.');
  const body = withoutComments(head);
  if (body === '' || body.startsWith('(') || VERBS.has(/^[a-z]+/i.exec(body)?.[0].toLowerCase() ?? ''))
    return;
  const [, what, hint] = LOOKS.find(([pattern]) => pattern.test(body)) ?? [];
  if (what !== undefined) throw noDump(name, `it looks like ${what}`, hint);
  if (head.includes('\0')) throw noDump(name, 'it holds bytes that are no text');
  const begin = Buffer.from(body.slice(0, 40).split('\n')[0]!, 'latin1')
    .toString()
    .replace(/\ufffd$|\s+$/, '');
  // Of what is not in UTF-8, who reads it says so.
  if (begin.includes('\ufffd')) return;
  throw noDump(name, `it begins with '${begin}', which is no SQL`);
}

/** Nor blanks, nor the lines that are psql's. */
function withoutComments(text: string): string {
  return text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\\[a-z][^\n]*(?:\n|$)|;)+/, '');
}

function noDump(name: string, why: string, hint = USUAL): TransferError {
  return new TransferError(`${name} is no dump: ${why}.`, { hint });
}
