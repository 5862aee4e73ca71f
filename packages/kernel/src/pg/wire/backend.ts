import type { Buffer } from 'node:buffer';
import { ConnectionError } from '../errors.ts';
import type { Cell, Field, PgErrorFields } from '../types.ts';

/**
 * Readers of message bodies. All take `buffer[start, end)` and throw ConnectionError on a body that lies about its lengths.
 *
 * @see https://www.postgresql.org/docs/17/protocol-message-formats.html
 */

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Letter of an error field to its name. */
const errorFieldNames: Readonly<Record<string, keyof PgErrorFields>> = {
  V: 'severity',
  C: 'code',
  M: 'message',
  D: 'detail',
  H: 'hint',
  P: 'position',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  d: 'dataType',
  n: 'constraint',
  R: 'routine',
};

/** ErrorResponse or NoticeResponse. Severity is the unlocalised one where the server sends it. */
export function readErrorFields(buffer: Buffer, start: number, end: number): PgErrorFields {
  const fields: Mutable<PgErrorFields> = { severity: 'ERROR', code: 'XX000', message: '' };
  let at = start;
  while (at < end && buffer[at] !== 0) {
    const letter = String.fromCharCode(buffer[at]!);
    const stop = cstringEnd(buffer, at + 1, end);
    const name = errorFieldNames[letter] ?? (letter === 'S' ? 'severity' : undefined);
    if (name) fields[name] = buffer.toString('utf8', at + 1, stop);
    at = stop + 1;
  }
  return fields;
}

/** RowDescription. */
export function readFields(buffer: Buffer, start: number, end: number): readonly Field[] {
  const count = readCount(buffer, start, end);
  const fields: Field[] = [];
  let at = start + 2;
  for (let i = 0; i < count; i++) {
    const stop = cstringEnd(buffer, at, end);
    if (stop + 19 > end) throw truncated();
    fields.push({ name: buffer.toString('utf8', at, stop), typeOid: buffer.readUInt32BE(stop + 7) });
    at = stop + 19;
  }
  return fields;
}

/** DataRow: cells are views on `buffer`. */
export function readRow(buffer: Buffer, start: number, end: number): readonly Cell[] {
  const count = readCount(buffer, start, end);
  let at = start + 2;
  if (count === 1) {
    const size = (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
    if (size === -1 && at + 4 === end) return [null];
    if (size < 0 || at + 4 + size !== end) throw truncated();
    return [buffer.subarray(at + 4, end)];
  }
  // Each cell takes four bytes at least: a count that cannot fit must not allocate.
  if (at + count * 4 > end) throw truncated();
  const row: Cell[] = new Array(count);
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) throw truncated();
    const size = (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
    at += 4;
    if (size === -1) {
      row[i] = null;
      continue;
    }
    const stop = at + size;
    if (size < 0 || stop > end) throw truncated();
    row[i] = buffer.subarray(at, stop);
    at = stop;
  }
  if (at !== end) throw truncated();
  return row;
}

/** A string up to its zero, such as CommandComplete's tag. */
export function readCstring(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('utf8', start, cstringEnd(buffer, start, end));
}

/** Where the string that begins at `start` ends. */
export function cstringEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buffer[at] !== 0) at++;
  if (at >= end) throw truncated();
  return at;
}

export function readInt32(buffer: Buffer, at: number, end: number): number {
  if (at + 4 > end) throw truncated();
  return buffer.readInt32BE(at);
}

/** ParameterStatus. */
export function readParameter(
  buffer: Buffer,
  start: number,
  end: number,
): readonly [name: string, value: string] {
  const stop = cstringEnd(buffer, start, end);
  return [buffer.toString('utf8', start, stop), readCstring(buffer, stop + 1, end)];
}

function readCount(buffer: Buffer, start: number, end: number): number {
  if (start + 2 > end) throw truncated();
  return (buffer[start]! << 8) | buffer[start + 1]!;
}

function truncated(): ConnectionError {
  return new ConnectionError('The server sent a message that contradicts its own length');
}
