/** The header line of a CSV body, and what its errors show. */
import { requestErrors } from '../../errors.ts';
import { showText } from '../trace.ts';
import { maxNames } from './jsonKeys.ts';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const CR = 0x0d;
const LF = 0x0a;

/** No table has names for so much. */
const maxHeaderBytes = 256 * 1024;

export const isLineEnd = (c: number | undefined): boolean => c === LF || c === CR;

/** @returns the names, and where the line after them begins. @throws {RestError} PGRST102 */
export function readHeader(body: Buffer): { readonly names: readonly string[]; readonly end: number } {
  const bytes = body.subarray(0, maxHeaderBytes);
  const names: string[] = [];
  for (let at = 0; ; at++) {
    const isQuoted = bytes[at] === QUOTE;
    const end = isQuoted ? endOfQuoted(bytes, at, body) : endOfBare(bytes, at);
    if (end === bytes.length) throw endless(body);
    if (bytes[end] !== COMMA && !isLineEnd(bytes[end])) throw unreadable(body, end);
    const text = bytes.toString('utf8', isQuoted ? at + 1 : at, isQuoted ? end - 1 : end);
    names.push(isQuoted ? text.replaceAll('""', '"') : text);
    if (names.length > maxNames)
      throw requestErrors.invalidBody(`A CSV header has at most ${maxNames} columns`);
    if (bytes[end] !== COMMA) return { names, end: pastLineEnd(bytes, end) };
    at = end;
  }
}

const pastLineEnd = (bytes: Uint8Array, at: number): number =>
  at + (bytes[at] === CR && bytes[at + 1] === LF ? 2 : 1);

/** Past the closing quote. */
function endOfQuoted(bytes: Buffer, from: number, body: Buffer): number {
  for (let at = from + 1; ; at += 2) {
    at = bytes.indexOf(QUOTE, at);
    if (at < 0) throw bytes.length < body.length ? endless(body) : unreadable(body, from);
    if (bytes[at + 1] !== QUOTE) return at + 1;
  }
}

function endOfBare(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== QUOTE && !isLineEnd(bytes[at])) at++;
  return at;
}

const endless = (body: Buffer): Error =>
  body.length > maxHeaderBytes
    ? requestErrors.invalidBody(`A CSV header has at most ${maxHeaderBytes} bytes`)
    : requestErrors.invalidBody('parse error (not enough input) at ""');

export const unreadable = (body: Buffer, at: number): Error =>
  requestErrors.invalidBody(`parse error (Failed reading: satisfy) at ${excerpt(body.subarray(at))}`);

const maxShown = 100;

/** Bytes shown, or the first of many as they are. */
function excerpt(rest: Buffer): string {
  return rest.length > maxShown
    ? `${rest.toString('utf8', 0, maxShown)} (truncated)`
    : showText(rest.toString('latin1'));
}
