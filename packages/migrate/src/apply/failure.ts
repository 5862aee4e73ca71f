import { PgError, type PgErrorFields } from '@peakstone/kernel/pg';
import { MigrateError } from '../errors.ts';
import type { MigrationFile } from '../folder/index.ts';
import type { MigrationStatement } from '../split/index.ts';

/** As Atlas' driver words an error, which its table of revisions keeps. Pure. */
export function driverText(error: unknown, sql: string): string {
  if (!(error instanceof PgError)) return (error as Error).message;
  const { message, code, position } = error.fields;
  return `pq: ${message}${position === undefined ? '' : placeText(sql, Number(position))} (${code})`;
}

function placeText(sql: string, position: number): string {
  const lines = sql.split('\n');
  const { line, column } = placeIn(lines, position);
  return lines.length === 1 ? ` at column ${column}` : ` at position ${line}:${column}`;
}

/** Where a server's position is, which counts characters from 1. */
function placeIn(
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
}

/** A failure as people read it, and as Atlas' driver words it. Pure. */
export function describeFailure(failure: Failure): { readonly error: MigrateError; readonly driver: string } {
  return { error: failureError(failure), driver: driverText(failure.error, failure.statement?.text ?? '') };
}

/** In words: where, what, what is kept, how to go on. Pure. */
export function failureError({ file, statement, error, kept }: Failure): MigrateError {
  const fields = error instanceof PgError ? error.fields : null;
  const place = placeOf(file, statement, fields);
  const detail = fields?.detail ? ` (${fields.detail})` : '';
  const message = `${place}: ${(error as Error).message}${detail}`;
  const remedy = (fields && remedies[fields.code]) ?? fields?.hint ?? '';
  const next = 'Then mend it, and go on: peakstone migrate hash && peakstone migrate apply';
  return new MigrateError(
    'failed',
    message,
    [remedy, kept, next].filter(part => part !== '').join(' '),
    error,
  );
}

function placeOf(
  file: MigrationFile,
  statement: MigrationStatement | null,
  fields: PgErrorFields | null,
): string {
  if (statement === null) return `${file.name}, at its commit`;
  const { line, column } = placeIn(statement.text.split('\n'), Number(fields?.position ?? 1));
  return `${file.name}:${statement.line + line - 1}:${line === 1 ? statement.column + column - 1 : column}`;
}

/** What is to be done about a refusal that migrations know well, by SQLSTATE. */
const remedies: Readonly<Record<string, string>> = {
  '25001':
    'It cannot run in a transaction: put it into a file of its own that says "-- atlas:txmode none" at its top, with an empty line below.',
  '55P04':
    'A value that was added to an enum can be used once it is committed: put what uses it into the next file.',
  '55P03':
    'Others held the lock for too long. End them, or try when there is less to do, or wait longer: --table-lock-timeout 30s.',
  '57014': 'It was cancelled.',
};
