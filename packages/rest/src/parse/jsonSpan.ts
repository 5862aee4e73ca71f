/**
 * JSON read where it stands: a value is a stretch of bytes, taken apart one level at a time and only where somebody asks.
 * What is handed on keeps its bytes, every digit of its numbers included, and nothing is built of it. Everything that grows
 * with the text yields between slices.
 */
import { scanJson } from './payload/json.ts';
import { maxNames } from './payload/jsonKeys.ts';
import { sliceEnds } from './payload/slices.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LETTER_N = 0x6e;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const isBlank = (c: number | undefined): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;

const kinds: Readonly<Record<number, JsonSpan['kind']>> = {
  [OPEN]: 'object',
  [OPEN_LIST]: 'list',
  [QUOTE]: 'text',
  [LETTER_N]: 'null',
};

/** A value inside of well-formed JSON, without the blanks around it. */
export class JsonSpan {
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #to: number;

  /** Blanks around the value are left out. */
  constructor(bytes: Buffer, from: number, to: number) {
    let first = from;
    let end = to;
    while (isBlank(bytes[first])) first++;
    while (isBlank(bytes[end - 1])) end--;
    this.#bytes = bytes;
    this.#from = first;
    this.#to = end;
  }

  get kind(): 'object' | 'list' | 'text' | 'null' | 'other' {
    return kinds[this.#bytes[this.#from]!] ?? 'other';
  }

  /** The value as it is written. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to);
  }

  /** What a text says. */
  text(): string {
    const said = this.#bytes.toString('utf8', this.#from + 1, this.#to - 1);
    return said.includes('\\') ? (JSON.parse(`"${said}"`) as string) : said;
  }

  /** Of a list. */
  *elements(): Generator<void, readonly JsonSpan[]> {
    const elements: JsonSpan[] = [];
    yield* this.#split(span => elements.push(span));
    return elements;
  }

  /** Of an object: of members with one name the last, and of more names than anything here has, the first ones. */
  *members(): Generator<void, ReadonlyMap<string, JsonSpan>> {
    const members = new Map<string, JsonSpan>();
    let name: JsonSpan | null = null;
    yield* this.#split(span => {
      if (name) {
        const text = name.text();
        if (members.size < maxNames || members.has(text)) members.set(text, span);
      }
      name = name ? null : span;
    });
    return members;
  }

  /** Tells of every element, or of names and values in turn. */
  *#split(found: (span: JsonSpan) => void): Generator<void, void> {
    const bytes = this.#bytes;
    let at = this.#from + 1;
    const close = this.#to - 1;
    while (isBlank(bytes[at])) at++;
    if (at === close) return;
    let start = at;
    let depth = 0;
    let isInText = false;
    const base = at;
    for (const sliceEnd of sliceEnds(close - base)) {
      const end = base + sliceEnd;
      for (; at < end; at++) {
        const c = bytes[at]!;
        if (isInText) {
          // Whatever is escaped ends no text.
          if (c === BACKSLASH) at++;
          else if (c === QUOTE) isInText = false;
        } else if (c === QUOTE) isInText = true;
        else if (c === OPEN || c === OPEN_LIST) depth++;
        else if (c === CLOSE || c === CLOSE_LIST) depth--;
        else if (depth === 0 && (c === COMMA || c === COLON)) {
          found(new JsonSpan(bytes, start, at));
          start = at + 1;
        }
      }
      if (end < close) yield;
    }
    found(new JsonSpan(bytes, start, close));
  }
}

/** @returns null when it is no JSON, or nests deeper than is followed. */
export function* readJson(bytes: Buffer): Generator<void, JsonSpan | null> {
  const { kind } = yield* scanJson(bytes);
  return kind === 'invalid' || kind === 'deep' ? null : new JsonSpan(bytes, 0, bytes.length);
}
