import { PgError, type PgErrorFields } from '@peakstone/kernel/pg';
import { leadingComments, type TransactionEnd } from '@peakstone/kernel/script';
import { MigrateError } from '../errors.ts';
import { type FolderFormat, formats, type MigrationFile } from '../folder/index.ts';
import type { MigrationStatement } from '../split/index.ts';

/** As Atlas' driver words an error, which its table of revisions keeps. Pure. */
export function driverText(error: unknown, sql: string): string {
  if (!(error instanceof PgError)) return (error as Error).message;
  const { message, code, position } = error.fields;
  return `pq: ${message}${position === undefined ? '' : locationText(sql, Number(position))} (${code})`;
}

function locationText(sql: string, position: number): string {
  const lines = sql.split('\n');
  const { line, column } = locateIn(lines, position);
  return lines.length === 1 ? ` at column ${column}` : ` at position ${line}:${column}`;
}

/** Where a server's position is, which counts characters from 1. */
function locateIn(
  lines: readonly string[],
  position: number,
): { readonly line: number; readonly column: number } {
  let before = 0;
  for (const [index, text] of lines.entries()) {
    const length = [...text].length + 1;
    if (before + length >= position) return { line: index + 1, column: Math.max(position - before, 1) };
    before += length;
  }
  return { line: lines.length, column: 1 };
}

/** Where a statement failed. */
export interface Failure {
  readonly file: MigrationFile;
  /** Null when it was the end of its transaction. */
  readonly statement: MigrationStatement | null;
  readonly error: unknown;
  /** What of the run is kept, and what of the file is; whole sentences. */
  readonly kept: string;
  readonly format: FolderFormat;
  /** The command that goes on once the file is mended. Default `apply`. */
  readonly next?: 'apply' | 'down';
}

/** A failure as people read it, and as Atlas' driver words it. Pure. */
export function describeFailure(failure: Failure): { readonly error: MigrateError; readonly driver: string } {
  return { error: failureError(failure), driver: driverText(failure.error, failure.statement?.text ?? '') };
}

/** In words: where, what, what is kept, how to go on. Pure. */
export function failureError({
  file,
  statement,
  error,
  kept,
  format,
  next: command = 'apply',
}: Failure): MigrateError {
  const fields = error instanceof PgError ? error.fields : null;
  const location = locationOf(file, statement, fields);
  const known =
    fields && remedies.find(({ code, message }) => code === fields.code && message.test(fields.message));
  const detail = fields?.detail && !known?.hidesDetail ? ` (${fields.detail})` : '';
  const message = `${location}: ${(error as Error).message}${detail}`;
  const remedy = known?.hint ?? fields?.hint ?? '';
  // What undoes a migration has no sum.
  const hash = formats[format].hasSums && command === 'apply' ? 'peakstone migrate hash && ' : '';
  const next = `Then mend it, and go on: ${hash}peakstone migrate ${command}`;
  return new MigrateError(
    'failed',
    message,
    [remedy, kept, next].filter(part => part !== '').join(' '),
    error,
  );
}

function locationOf(
  file: MigrationFile,
  statement: MigrationStatement | null,
  fields: PgErrorFields | null,
): string {
  if (statement === null) return `${file.name}, at its commit`;
  const { text } = statement;
  // Where the server names no place it is the first word, past the comments above it.
  const start = [...text.slice(0, leadingComments(text))].length + 1;
  const { line, column } = locateIn(text.split('\n'), Number(fields?.position ?? start));
  return `${file.name}:${statement.line + line - 1}:${line === 1 ? statement.column + column - 1 : column}`;
}

/** What a statement is refused for that the server has run. Pure. */
export function endedError(end: TransactionEnd): Error {
  return new Error(`it has ended the transaction that its file runs in (${end})`);
}

/** What is left of a file that has ended its transaction itself; nothing was run after that. Pure. */
export function keptAfter(end: TransactionEnd): string {
  return `${afterwards[end]} The history does not tell of it: look at the database, finish by hand or take it back.`;
}

const afterwards: Readonly<Record<TransactionEnd, string>> = {
  COMMIT:
    'The file has committed what it had run until then, which stays; nothing after that statement was run.',
  ROLLBACK:
    'The file has rolled back what it had run until then; what that statement ran afterwards may be kept, and nothing after it was run.',
  'PREPARE TRANSACTION':
    'The file has prepared what it had run until then, which waits for COMMIT PREPARED or ROLLBACK PREPARED; nothing after that statement was run.',
};

interface Remedy {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: RegExp;
  readonly hint: string;
  /** What the server adds is of no use to people. */
  readonly hidesDetail?: true;
}

/** What is to be done about a refusal that migrations know well. */
const remedies: readonly Remedy[] = [
  {
    code: '25001',
    message: /transaction block/,
    hint: 'It cannot run in a transaction: put it into a file of its own that says "-- atlas:txmode none" at its top, with an empty line below.',
  },
  {
    code: '55P04',
    message: /^unsafe use of new value/,
    hint: 'A value that was added to an enum can be used once it is committed: put what uses it into the next file.',
  },
  {
    code: '55P03',
    message: /lock/,
    hint: 'Others held the lock for too long. End them, or try when there is less to do, or wait longer: --table-lock-timeout 30s.',
  },
  {
    code: '0A000',
    message: /^extension ".*" is not available$/,
    hint: 'It is not part of this server: take the line out, or run a PostgreSQL that has it (DATABASE_ENGINE=system, or the URL of a server that is there).',
    hidesDetail: true,
  },
  {
    code: '42501',
    message:
      /^(?:permission denied to |must be (?:superuser|owner of|able to SET ROLE)|only (?:superusers?|roles with) )/,
    hint: 'That is the administrator’s to do: once, by peakstone sql --superuser, or take it out of the file.',
  },
  {
    code: '42883',
    message: /^function public\.\w+\(.*\) does not exist$/,
    hint: 'A stack has its extensions in the schema extensions, which is on the search path: where the function is one of theirs, leave "public." out.',
  },
  { code: '57014', message: /due to user request/, hint: 'It was cancelled.' },
];
