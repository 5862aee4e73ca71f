/**
 * Checks JSON and collects the keys of its top-level objects without building values: the bytes themselves go to
 * PostgreSQL. One pass by an automaton that can stop anywhere, so that a body of any size is read in slices; a byte of
 * memory for a level of nesting. Accepts RFC 8259 with well-formed UTF-8 and paired surrogates.
 *
 * One file of some 300 lines, as the states hand over to one another.
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
import { RowKeys } from './jsonKeys.ts';
import { sliceEnds, Utf8Check } from './slices.ts';

export type JsonShape =
  /** A scalar, or an array without elements. */
  | { readonly kind: 'empty' }
  /** An object, or an array of objects that all have the same keys; sorted, each once. */
  | { readonly kind: 'rows'; readonly keys: readonly string[] }
  /** An array that holds something else than objects, or objects whose keys differ. */
  | { readonly kind: 'mixed' }
  /** More levels than are followed; PostgreSQL's own stack ends long before. */
  | { readonly kind: 'deep' }
  /** No JSON. */
  | { readonly kind: 'invalid' };

/** Levels of nesting that are followed. */
export const maxJsonDepth = 65_536;

/** Yields between slices. */
export function* scanJson(bytes: Buffer): Generator<void, JsonShape> {
  const scanner = new JsonScanner(bytes);
  const utf8 = new Utf8Check(bytes);
  for (const end of sliceEnds(bytes.length)) {
    if (!utf8.accepts(end)) return { kind: 'invalid' };
    scanner.advance(end);
    if (scanner.failure) return scanner.failure;
    yield;
  }
  return scanner.finish();
}

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LETTER_U = 0x75;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39;

/** Bytes that a string may hold as they are. */
const isPlain = Uint8Array.from({ length: 256 }, (_, c) =>
  c >= 0x20 && c !== QUOTE && c !== BACKSLASH ? 1 : 0,
);
/** Behind a backslash: `"` `\` `/` b f n r t. */
const isShortEscape = Uint8Array.from({ length: 256 }, (_, c) =>
  '"\\/bfnrt'.includes(String.fromCharCode(c)) ? 1 : 0,
);
/** What a word that begins with this byte goes on with. */
const words: Readonly<Record<number, string>> = { 116: 'rue', 102: 'alse', 110: 'ull' };

/** What is expected, or being read. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const AFTER_KEY = 4;
const AFTER_VALUE = 5;
const STRING = 6;
const ESCAPE = 7;
const HEX = 8;
const LOW_BACKSLASH = 9;
const LOW_U = 10;
const WORD = 11;
const SIGN = 12;
const LEADING_ZERO = 13;
const INTEGER = 14;
const POINT = 15;
const FRACTION = 16;
const EXPONENT = 17;
const EXPONENT_SIGN = 18;
const EXPONENT_DIGITS = 19;

/** In these a number may end. */
const isWholeNumber = (state: number): boolean =>
  state === LEADING_ZERO || state === INTEGER || state === FRACTION || state === EXPONENT_DIGITS;

class JsonScanner {
  failure: JsonShape | null = null;
  readonly #bytes: Uint8Array;
  readonly #keys: RowKeys;
  #at = 0;
  #state = VALUE;
  /** What closes each container that is open. */
  #closers = new Uint8Array(64);
  #depth = 0;
  /** What follows a comma in the innermost of them; negative outside of all. */
  #afterComma = -1;
  /** The level whose objects are rows: 1 in an object, 2 in a list; 0 before the first byte, and where there are none. */
  #rowDepth = 0;
  #isEmpty = true;
  #isMixed = false;
  /** Of the string that is being read. */
  #isKey = false;
  #stringFrom = 0;
  /** Of a \u escape: digits seen, their value, and whether a low surrogate has to come. */
  #digits = 0;
  #unit = 0;
  #wantsLow = false;
  #word = '';
  #letters = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#keys = new RowKeys(bytes);
  }

  finish(): JsonShape {
    const isComplete = this.#state === AFTER_VALUE || isWholeNumber(this.#state);
    if (!isComplete || this.#depth > 0) return { kind: 'invalid' };
    if (this.#isEmpty) return { kind: 'empty' };
    return this.#isMixed || this.#keys.differ ? { kind: 'mixed' } : { kind: 'rows', keys: this.#keys.names };
  }

  /** Reads on up to `end`. What most bytes are is decided here, the rest by the methods below. */
  advance(end: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let state = this.#state;
    while (at < end) {
      const c = bytes[at]!;
      if (state === STRING) {
        if (isPlain[c] === 1) {
          do at++;
          while (at < end && isPlain[bytes[at]!] === 1);
          continue;
        }
        if (c === QUOTE) state = this.#isKey ? this.#endKey(at) : AFTER_VALUE;
        else state = c === BACKSLASH ? ESCAPE : -1;
      } else if (state <= AFTER_VALUE) {
        if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
          at++;
          continue;
        }
        if (c === QUOTE && (state === KEY || state === VALUE)) {
          this.#isKey = state === KEY;
          this.#stringFrom = at + 1;
          if (state === VALUE) this.#countElement(c);
          state = STRING;
        } else if (state === AFTER_KEY) state = c === COLON ? VALUE : -1;
        else if (state === AFTER_VALUE && c === COMMA) state = this.#afterComma;
        else state = this.#structure(state, c, at);
      } else if (state === INTEGER && isDigit(c)) {
        do at++;
        while (at < end && isDigit(bytes[at]!));
        continue;
      } else if (state >= SIGN) {
        state = nextOfNumber(state, c);
        // A byte that ends a number is no part of it.
        if (state === AFTER_VALUE) continue;
      } else state = this.#insideScalar(state, c);
      if (state < 0) {
        this.failure ??= { kind: 'invalid' };
        return;
      }
      at++;
    }
    this.#at = at;
    this.#state = state;
  }

  /** A byte between values. @returns the next state, negative where there is none. */
  #structure(state: number, c: number, at: number): number {
    switch (state) {
      case KEY_OR_END:
        if (c === CLOSE) return this.#close(c);
        if (c !== QUOTE) return -1;
        this.#isKey = true;
        this.#stringFrom = at + 1;
        return STRING;
      case VALUE_OR_END:
        return c === CLOSE_LIST ? this.#close(c) : this.#beginValue(c);
      case VALUE:
        return this.#beginValue(c);
      case AFTER_VALUE:
        return this.#close(c);
      default:
        return -1;
    }
  }

  /** Elements of the outermost list are rows, or none. */
  #countElement(c: number): void {
    if (this.#depth !== 1 || this.#rowDepth !== 2) return;
    this.#isEmpty = false;
    if (c !== OPEN) this.#isMixed = true;
  }

  #beginValue(c: number): number {
    this.#countElement(c);
    switch (c) {
      case OPEN:
      case OPEN_LIST:
        return this.#open(c);
      case QUOTE:
        this.#isKey = false;
        return STRING;
      case MINUS:
        return SIGN;
      case ZERO:
        return LEADING_ZERO;
      default: {
        if (isDigit(c)) return INTEGER;
        const word = words[c];
        if (word === undefined) return -1;
        this.#word = word;
        this.#letters = 0;
        return WORD;
      }
    }
  }

  #open(c: number): number {
    if (this.#depth === maxJsonDepth) {
      this.failure = { kind: 'deep' };
      return -1;
    }
    if (this.#depth === 0) {
      this.#rowDepth = c === OPEN ? 1 : 2;
      this.#isEmpty = c !== OPEN;
    }
    if (this.#depth === this.#closers.length) {
      const more = new Uint8Array(this.#depth * 2);
      more.set(this.#closers);
      this.#closers = more;
    }
    this.#closers[this.#depth++] = c === OPEN ? CLOSE : CLOSE_LIST;
    this.#afterComma = c === OPEN ? KEY : VALUE;
    if (c !== OPEN) return VALUE_OR_END;
    if (this.#depth === this.#rowDepth) this.#keys.beginRow();
    return KEY_OR_END;
  }

  #close(c: number): number {
    if (this.#depth === 0 || this.#closers[this.#depth - 1] !== c) return -1;
    if (c === CLOSE && this.#depth === this.#rowDepth) this.#keys.endRow();
    this.#depth--;
    this.#afterComma = this.#depth === 0 ? -1 : this.#closers[this.#depth - 1] === CLOSE ? KEY : VALUE;
    return AFTER_VALUE;
  }

  #endKey(at: number): number {
    if (this.#depth === this.#rowDepth) this.#keys.add(this.#stringFrom, at);
    return AFTER_KEY;
  }

  /** A byte of an escape or of a word. */
  #insideScalar(state: number, c: number): number {
    switch (state) {
      case ESCAPE:
        if (c !== LETTER_U) return isShortEscape[c] === 1 ? STRING : -1;
        this.#digits = 0;
        this.#unit = 0;
        return HEX;
      case HEX:
        return this.#hexDigit(c);
      case LOW_BACKSLASH:
        return c === BACKSLASH ? LOW_U : -1;
      case LOW_U:
        this.#digits = 0;
        this.#unit = 0;
        return c === LETTER_U ? HEX : -1;
      default:
        if (c !== this.#word.charCodeAt(this.#letters++)) return -1;
        return this.#letters === this.#word.length ? AFTER_VALUE : WORD;
    }
  }

  #hexDigit(c: number): number {
    const letter = c | 0x20;
    const digit = isDigit(c) ? c - 0x30 : letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
    if (digit < 0) return -1;
    this.#unit = this.#unit * 16 + digit;
    if (++this.#digits < 4) return HEX;
    const isLow = this.#unit >= 0xdc00 && this.#unit <= 0xdfff;
    if (isLow !== this.#wantsLow) return -1;
    this.#wantsLow = this.#unit >= 0xd800 && this.#unit <= 0xdbff;
    return this.#wantsLow ? LOW_BACKSLASH : STRING;
  }
}

/** The next state of a number; AFTER_VALUE where `c` is no more part of it. */
function nextOfNumber(state: number, c: number): number {
  switch (state) {
    case SIGN:
      return c === ZERO ? LEADING_ZERO : isDigit(c) ? INTEGER : -1;
    case INTEGER:
    case LEADING_ZERO:
      if (state === INTEGER && isDigit(c)) return INTEGER;
      if (c === DOT) return POINT;
      return (c | 0x20) === 0x65 ? EXPONENT : AFTER_VALUE;
    case POINT:
      return isDigit(c) ? FRACTION : -1;
    case FRACTION:
      if (isDigit(c)) return FRACTION;
      return (c | 0x20) === 0x65 ? EXPONENT : AFTER_VALUE;
    case EXPONENT:
      if (c === PLUS || c === MINUS) return EXPONENT_SIGN;
      return isDigit(c) ? EXPONENT_DIGITS : -1;
    case EXPONENT_SIGN:
      return isDigit(c) ? EXPONENT_DIGITS : -1;
    default:
      return isDigit(c) ? EXPONENT_DIGITS : AFTER_VALUE;
  }
}
