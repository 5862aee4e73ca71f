/**
 * Checks JSON and collects the keys of its top-level objects without building values: the bytes themselves go to
 * PostgreSQL. One pass over the buffer, no recursion; accepts RFC 8259 with well-formed UTF-8 and paired surrogates.
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
import { isUtf8 } from 'node:buffer';

export type JsonShape =
  /** A scalar, or an array without elements. */
  | { readonly kind: 'empty' }
  /** An object, or an array of objects that all have the same keys; sorted, each once. */
  | { readonly kind: 'rows'; readonly keys: readonly string[] }
  /** An array that holds something else than objects, or objects whose keys differ. */
  | { readonly kind: 'mixed' };

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Returned by the `skip…` functions where the bytes are not JSON. */
const INVALID = -1;

/** Start and end offsets of keys, without their quotes: start, end, start, end … */
type KeySpans = number[];

/** @returns the shape, or null when the bytes are not JSON. Pure. */
export function scanJson(bytes: Uint8Array): JsonShape | null {
  if (!isUtf8(bytes)) return null;
  const start = skipSpace(bytes, 0);
  switch (bytes[start]) {
    case OPEN: {
      const spans: KeySpans = [];
      const end = skipObject(bytes, start, spans);
      return isEnd(bytes, end) ? { kind: 'rows', keys: readKeys(bytes, spans) } : null;
    }
    case OPEN_LIST:
      return scanList(bytes, start);
    default:
      return isEnd(bytes, skipValue(bytes, start)) ? { kind: 'empty' } : null;
  }
}

function scanList(bytes: Uint8Array, start: number): JsonShape | null {
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSE_LIST) return isEnd(bytes, at + 1) ? { kind: 'empty' } : null;
  let first: KeySpans | undefined;
  let firstKeys: readonly string[] | undefined;
  let isMixed = false;
  let spans: KeySpans = [];
  for (;;) {
    if (bytes[at] === OPEN) {
      spans.length = 0;
      at = skipObject(bytes, at, spans);
      if (at === INVALID) return null;
      if (!first) {
        first = spans;
        spans = [];
      } else if (!isMixed && !sameSpans(bytes, first, spans)) {
        firstKeys ??= readKeys(bytes, first);
        isMixed = !sameKeys(firstKeys, readKeys(bytes, spans));
      }
    } else {
      at = skipValue(bytes, at);
      if (at === INVALID) return null;
      isMixed = true;
    }
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_LIST) break;
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
  if (!isEnd(bytes, at + 1)) return null;
  return isMixed || !first ? { kind: 'mixed' } : { kind: 'rows', keys: firstKeys ?? readKeys(bytes, first) };
}

/** Keys as text, sorted, each once. */
function readKeys(bytes: Uint8Array, spans: KeySpans): readonly string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keys = new Set<string>();
  for (let i = 0; i < spans.length; i += 2) {
    const text = buffer.toString('utf8', spans[i]!, spans[i + 1]!);
    keys.add(text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text);
  }
  return [...keys].sort();
}

const sameKeys = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((key, i) => key === b[i]);

/** Whether two objects wrote the same keys in the same order, which is nearly always so in a bulk insert. */
function sameSpans(bytes: Uint8Array, a: KeySpans, b: KeySpans): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 2) {
    const length = a[i + 1]! - a[i]!;
    if (b[i + 1]! - b[i]! !== length) return false;
    for (let k = 0, p = a[i]!, q = b[i]!; k < length; k++) if (bytes[p + k] !== bytes[q + k]) return false;
  }
  return true;
}

function isEnd(bytes: Uint8Array, at: number): boolean {
  return at !== INVALID && skipSpace(bytes, at) === bytes.length;
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const c = bytes[at]!;
    if (c > 0x20 || !(c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)) break;
    at++;
  }
  return at;
}

/** An object whose keys are wanted; `at` is its brace. */
function skipObject(bytes: Uint8Array, from: number, spans: KeySpans): number {
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return INVALID;
    const end = skipString(bytes, at);
    if (end === INVALID) return INVALID;
    spans.push(at + 1, end - 1);
    at = skipSpace(bytes, end);
    if (bytes[at] !== COLON) return INVALID;
    at = skipSpace(bytes, at + 1);
    at = bytes[at] === OPEN || bytes[at] === OPEN_LIST ? skipValue(bytes, at) : skipScalar(bytes, at);
    if (at === INVALID) return INVALID;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE) return at + 1;
    if (bytes[at] !== COMMA) return INVALID;
    at = skipSpace(bytes, at + 1);
  }
}

/** Any value. Nesting lives in `closers`, so that depth costs a byte of the body and no stack frame. */
function skipValue(bytes: Uint8Array, from: number): number {
  let at = from;
  const closers: number[] = [];
  for (;;) {
    const c = bytes[at];
    let opened = false;
    if (c === OPEN || c === OPEN_LIST) {
      const closer = c === OPEN ? CLOSE : CLOSE_LIST;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] === closer) {
        at++;
      } else {
        closers.push(closer);
        opened = true;
      }
    } else {
      at = skipScalar(bytes, at);
      if (at === INVALID) return INVALID;
    }
    if (!opened) {
      // A value has ended: so may the containers around it.
      for (;;) {
        if (closers.length === 0) return at;
        at = skipSpace(bytes, at);
        if (bytes[at] !== closers[closers.length - 1]) break;
        closers.pop();
        at++;
      }
      if (bytes[at] !== COMMA) return INVALID;
      at = skipSpace(bytes, at + 1);
    }
    if (closers[closers.length - 1] === CLOSE) {
      if (bytes[at] !== QUOTE) return INVALID;
      at = skipString(bytes, at);
      if (at === INVALID) return INVALID;
      at = skipSpace(bytes, at);
      if (bytes[at] !== COLON) return INVALID;
      at = skipSpace(bytes, at + 1);
    }
  }
}

function skipScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case 0x74:
      return skipWord(bytes, at, 'true');
    case 0x66:
      return skipWord(bytes, at, 'false');
    case 0x6e:
      return skipWord(bytes, at, 'null');
    default:
      return skipNumber(bytes, at);
  }
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return INVALID;
  return at + word.length;
}

function skipString(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    const c = bytes[at]!;
    if (c === QUOTE) return at + 1;
    if (c < 0x20) return INVALID;
    if (c !== BACKSLASH) continue;
    const escaped = bytes[at + 1];
    if (escaped !== 0x75) {
      if (!isShortEscape(escaped)) return INVALID;
      at += 1;
      continue;
    }
    const unit = hex4(bytes, at + 2);
    if (unit === INVALID || (unit >= 0xdc00 && unit <= 0xdfff)) return INVALID;
    at += 5;
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const low = bytes[at + 1] === BACKSLASH && bytes[at + 2] === 0x75 ? hex4(bytes, at + 3) : INVALID;
      if (low < 0xdc00 || low > 0xdfff) return INVALID;
      at += 6;
    }
  }
  return INVALID;
}

/** `"` `\` `/` b f n r t */
const isShortEscape = (c: number | undefined): boolean =>
  c === QUOTE ||
  c === BACKSLASH ||
  c === 0x2f ||
  c === 0x62 ||
  c === 0x66 ||
  c === 0x6e ||
  c === 0x72 ||
  c === 0x74;

function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const c = bytes[i] ?? 0;
    const digit =
      c >= 0x30 && c <= 0x39
        ? c - 0x30
        : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66
          ? (c | 0x20) - 0x57
          : INVALID;
    if (digit === INVALID) return INVALID;
    value = value * 16 + digit;
  }
  return value;
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (at !== INVALID && bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (at !== INVALID && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, sign === 0x2b || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

/** One digit or more. */
function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at === from ? INVALID : at;
}
