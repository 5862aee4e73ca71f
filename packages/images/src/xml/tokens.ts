/**
 * XML as a sequence of tokens, as forgiving as what reads pictures, and with nothing resolved: no entity, no namespace, no
 * file. Pure.
 */

export interface Attribute {
  readonly name: string;
  /** As it stands there, entities and all. */
  readonly value: string;
}

export type Token =
  | {
      readonly kind: 'start';
      readonly name: string;
      readonly attributes: readonly Attribute[];
      readonly empty: boolean;
    }
  | { readonly kind: 'end'; readonly name: string }
  /** Anything else, as it is written. */
  | { readonly kind: 'other'; readonly text: string };

/** The text is no XML. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** A name without its prefix. */
export const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** The text of a file, by its byte order mark or its declaration. @throws {XmlError} an encoding that nobody knows */
export function decodeXml(file: Buffer): string {
  const byMark = marks.find(([mark]) => file.subarray(0, mark.length).equals(mark));
  if (byMark !== undefined) return decode(file.subarray(byMark[0].length), byMark[1]);
  const declared = /^<\?xml[^>]*?encoding=(?:"([^"]+)"|'([^']+)')/.exec(file.toString('latin1', 0, 256));
  const label = declared?.[1] ?? declared?.[2] ?? 'utf-8';
  if (/^utf/i.test(label)) return file.toString();
  return decode(file, label).replace(/(encoding=)(?:"[^"]+"|'[^']+')/, '$1"UTF-8"');
}

const marks: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xef, 0xbb, 0xbf]), 'utf-8'],
  [Buffer.from([0xfe, 0xff]), 'utf-16be'],
  [Buffer.from([0xff, 0xfe]), 'utf-16le'],
];

function decode(bytes: Buffer, label: string): string {
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    throw new XmlError(`Unknown encoding ${label}`);
  }
}

const NAME = /[\p{L}_:][\p{L}\p{N}_:.\u00b7-]*/uy;
const SPACE = /[ \t\r\n]*/y;
const BARE_VALUE = /[A-Za-z0-9_:-]+/y;

/** What no drawing has: each is held until its tag has been read. */
const maxAttributes = 10_000;
const maxDoctypeChars = 1024 * 1024;

/** Ends of what begins like this. */
const enclosed: readonly (readonly [begin: string, end: string])[] = [
  ['<?', '?>'],
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
];

/** @throws {XmlError} what stands there is none, or ends in the middle of a token */
export function* readTokens(text: string): Generator<Token> {
  const reader = new Reader(text);
  while (!reader.ended) yield reader.next();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  next(): Token {
    if (this.#text[this.#at] !== '<') {
      const end = this.#text.indexOf('<', this.#at);
      return this.#other(end < 0 ? this.#text.length : end);
    }
    if (this.#text.startsWith('</', this.#at)) return this.#endTag();
    for (const [begin, end] of enclosed) {
      if (this.#text.startsWith(begin, this.#at))
        return this.#other(this.#after(end, this.#at + begin.length));
    }
    if (this.#text.startsWith('<!DOCTYPE', this.#at)) return this.#doctype();
    return this.#startTag();
  }

  #other(end: number): Token {
    const text = this.#text.slice(this.#at, end);
    this.#at = end;
    return { kind: 'other', text };
  }

  #after(mark: string, from: number): number {
    const at = this.#text.indexOf(mark, from);
    if (at < 0) throw new XmlError(`'${mark}' is missing`);
    return at + mark.length;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #name(): string {
    const name = this.#take(NAME);
    if (name === '') throw new XmlError('A name is missing');
    return name;
  }

  #expect(mark: string): void {
    if (!this.#text.startsWith(mark, this.#at)) throw new XmlError(`'${mark}' is missing`);
    this.#at += mark.length;
  }

  #endTag(): Token {
    this.#at += 2;
    const name = this.#name();
    this.#take(SPACE);
    this.#expect('>');
    return { kind: 'end', name };
  }

  #startTag(): Token {
    this.#at += 1;
    const name = this.#name();
    const attributes: Attribute[] = [];
    for (;;) {
      this.#take(SPACE);
      const next = this.#text[this.#at];
      if (next === '/' || next === '>') {
        this.#expect(next === '/' ? '/>' : '>');
        return { kind: 'start', name, attributes, empty: next === '/' };
      }
      if (attributes.push(this.#attribute()) > maxAttributes)
        throw new XmlError(`<${name}> has too many attributes`);
    }
  }

  #attribute(): Attribute {
    const name = this.#name();
    this.#take(SPACE);
    if (this.#text[this.#at] !== '=') return { name, value: '' };
    this.#at++;
    this.#take(SPACE);
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return { name, value: this.#take(BARE_VALUE) };
    const end = this.#after(quote, this.#at + 1);
    const value = this.#text.slice(this.#at + 1, end - 1);
    this.#at = end;
    return { name, value };
  }

  /** Ends with a bracket that is in no quotes and no brackets. */
  #doctype(): Token {
    let quote = '';
    let bracketed = false;
    const end = Math.min(this.#text.length, this.#at + maxDoctypeChars);
    for (let at = this.#at + 9; at < end; at++) {
      const char = this.#text[at]!;
      if (quote !== '') {
        if (char === quote) quote = '';
      } else if (char === '"' || char === "'") quote = char;
      else if (char === '[' || char === ']') {
        if (bracketed === (char === '[')) throw new XmlError(`Unexpected '${char}'`);
        bracketed = char === '[';
      } else if (!bracketed && char === '<') throw new XmlError("Unexpected '<'");
      else if (!bracketed && char === '>') return this.#other(at + 1);
    }
    throw new XmlError('The document type does not end');
  }
}

/** A start tag as text. */
export function writeTag(name: string, attributes: readonly Attribute[]): string {
  const written = attributes.map(({ name: key, value }) => {
    const quote = value.includes('"') ? "'" : '"';
    return ` ${key}=${quote}${value}${quote}`;
  });
  return `<${name}${written.join('')}`;
}
