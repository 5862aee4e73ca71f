/**
 * Cuts a migration file as Atlas does, whose revisions table keeps hashes of the texts that this makes: a letter more or less,
 * and the other tool would not resume what one has begun. Where Atlas is wrong about PostgreSQL (`E'\''`, nested comments)
 * this is, too; `split.ts` knows when to go another way.
 */
import { readDirective } from './directive.ts';
import { skipSpace, trimSpace } from './space.ts';

/** A statement as it stands in its file. */
export interface ScannedStatement {
  /** Without white space around it; with its semicolon, but without any other delimiter. */
  readonly text: string;
  /** UTF-16 units of the file before it. */
  readonly start: number;
  /** Where the next one may begin: after the delimiter. */
  readonly end: number;
  /** The comments right above it, each with its end of line. */
  readonly comments: readonly string[];
}

/** What Atlas cannot cut, where in the text. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const dollarQuote = /\$(?:[A-Za-zÈ-ÿ_][\wÈ-ÿ]*)?\$/y;
const beginAtomic = /BEGIN[\t\n\f\r ]+ATOMIC[\t\n\f\r ]+/iy;
const begin = /BEGIN[\t\n\f\r ]+/iy;
const end = /^[\t\n\f\r ]*END[\t\n\f\r ]*/i;
/** MySQL's command, which Atlas understands for every database. */
const delimiterCommand = 'delimiter';

/** @throws {ScanError} @example scanStatements('select 1; select 2').map(({ text }) => text) // ['select 1;', 'select 2'] */
export function scanStatements(text: string): readonly ScannedStatement[] {
  const scanner = new Scanner(text, 0, new Blocks(text));
  const statements: ScannedStatement[] = [];
  for (let next = scanner.next(); next; next = scanner.next()) statements.push(next);
  return statements;
}

/** Blocks without an end that are followed, and how deep: Atlas' own time doubles with each, so that none ever ran 64. */
const maxEndless = 64;
const maxDepth = 64;

/** Where the blocks of statements end that begin somewhere, null where none does: each is looked for once, however they nest. */
class Blocks {
  readonly ends = new Map<number, number | null>();
  readonly #lastEnd: number;
  depth = 0;
  endless = 0;

  constructor(text: string) {
    this.#lastEnd = text.toLowerCase().lastIndexOf('end');
  }

  mayEnd(from: number): boolean {
    return from <= this.#lastEnd && this.depth < maxDepth && this.endless < maxEndless;
  }
}

class Scanner {
  readonly #text: string;
  readonly #blocks: Blocks;
  /** Where what is being read begins. */
  #from: number;
  #at: number;
  #delimiter = ';';
  #comments: string[] = [];

  constructor(text: string, from: number, blocks: Blocks) {
    this.#text = text;
    this.#blocks = blocks;
    this.#from = from;
    this.#at = from;
    const directive = readDirective(text.slice(from, lineEnd(text, from)), '-- ');
    if (directive?.name !== 'delimiter') return;
    this.#setDelimiter(directive.value);
    const line = text.indexOf('\n', from);
    if (line < 0) throw new ScanError('no input found after the delimiter', from);
    this.#from = line + 1;
    this.#at = line + 1;
  }

  /** Null at the end. */
  next(): ScannedStatement | null {
    const text = this.#text;
    let depth = 0;
    let opening = 0;
    this.#skipSpace();
    for (;;) {
      if (this.#at >= text.length) {
        if (depth > 0) throw new ScanError(`unclosed '('`, opening);
        return this.#at > this.#from ? this.#emit(text.length) : null;
      }
      const character = text[this.#at++]!;
      if (character === '(') {
        if (depth++ === 0) opening = this.#at;
      } else if (character === ')') {
        if (depth-- === 0) throw new ScanError(`unexpected ')'`, this.#at);
      } else if (character === "'" || character === '"' || character === '`') {
        this.#skipQuote(character);
      } else if (this.#isDelimiterCommand()) {
        this.#readDelimiterCommand();
        this.#skipSpace();
      } else if (depth === 0 && text.startsWith(this.#delimiter, this.#at - 1)) {
        this.#at += this.#delimiter.length - 1;
        return this.#emit(this.#at);
      } else if (character === '$' && matchAt(dollarQuote, text, this.#at - 1) > 0) {
        this.#skipDollarQuote();
      } else if (character === '-' && text[this.#at] === '-') {
        this.#at++;
        this.#skipComment('--', '\n');
      } else if (character === '/' && text[this.#at] === '*') {
        this.#at++;
        this.#skipComment('/*', '*/');
      } else if (this.#delimiter === ';') {
        const block = this.#block(character);
        if (block === null) continue;
        this.#at = block;
        return this.#emit(block);
      }
    }
  }

  /** Everything up to `end`; what follows begins anew. */
  #emit(end: number): ScannedStatement {
    const raw = this.#text.slice(this.#from, end);
    const { length } = this.#delimiter;
    const own = this.#delimiter !== ';' && raw.endsWith(this.#delimiter) ? raw.slice(0, -length) : raw;
    const statement = { text: trimSpace(own), start: this.#from, end, comments: this.#comments };
    this.#from = this.#at;
    this.#comments = [];
    return statement;
  }

  /** Where the block of statements that begins here ends; null when none does. Steps over a BEGIN that has no end. */
  #block(character: string): number | null {
    if (character !== 'b' && character !== 'B') return null;
    const text = this.#text;
    const here = this.#at - 1;
    const atomic = matchAt(beginAtomic, text, here);
    if (atomic > 0) {
      this.#at = here + atomic;
      return this.#endOf(this.#at, statement => end.test(statement));
    }
    // Inside of a statement a space must stand before it.
    const parted = here === this.#from || /[\t\n\f\r ]/.test(text[here - 1]!);
    const plain = parted ? matchAt(begin, text, here) : 0;
    if (plain === 0) return null;
    this.#at = here + plain;
    return this.#endOf(this.#at, statement => {
      const match = end.exec(statement);
      return (
        match !== null && (match[0].length === statement.length || statement.slice(match[0].length) === ';')
      );
    });
  }

  #endOf(from: number, isEnd: (statement: string) => boolean): number | null {
    const known = this.#blocks.ends.get(from);
    if (known !== undefined) return known;
    if (!this.#blocks.mayEnd(from)) return null;
    let found: number | null = null;
    this.#blocks.depth++;
    try {
      const inner = new Scanner(this.#text, from, this.#blocks);
      for (let next = inner.next(); next && found === null; next = inner.next())
        if (isEnd(next.text)) found = next.end;
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
    }
    this.#blocks.depth--;
    if (found === null) this.#blocks.endless++;
    this.#blocks.ends.set(from, found);
    return found;
  }

  #skipQuote(quote: string): void {
    const close = this.#text.indexOf(quote, this.#at);
    if (close < 0) throw new ScanError(`unclosed quote ${quote}`, this.#at);
    this.#at = close + 1;
  }

  #skipDollarQuote(): void {
    const start = this.#at - 1;
    const tag = this.#text.slice(start, start + matchAt(dollarQuote, this.#text, start));
    const close = this.#text.indexOf(tag, start + tag.length);
    this.#at = close < 0 ? this.#text.length : close + tag.length;
  }

  /** In front of a statement it is kept with it, unless an empty line parts the two. */
  #skipComment(left: string, right: string): void {
    const text = this.#text;
    const close = text.indexOf(right, this.#at);
    // Not a comment, to Atlas.
    if (close < 0) return;
    const isFirst = this.#at - this.#from === left.length;
    this.#at = close + right.length;
    if (!isFirst) return;
    this.#comments.push(text.slice(this.#from, this.#at));
    this.#from = this.#at;
    if (text.startsWith('\n\n', this.#at) || (right === '\n' && text[this.#at] === '\n')) this.#comments = [];
    this.#skipSpace();
  }

  /** Only where nothing of a statement has been read. */
  #skipSpace(): void {
    if (this.#at !== this.#from) return;
    this.#from = skipSpace(this.#text, this.#at);
    this.#at = this.#from;
  }

  #isDelimiterCommand(): boolean {
    const { length } = delimiterCommand;
    return (
      this.#at - this.#from === 1 &&
      this.#text.length - this.#from > length &&
      this.#text.slice(this.#from, this.#from + length).toLowerCase() === delimiterCommand
    );
  }

  #readDelimiterCommand(): void {
    this.#at = this.#from + delimiterCommand.length;
    if (this.#text[this.#at] !== ' ') return;
    const line = this.#text.indexOf('\n', this.#at);
    const next = line < 0 ? this.#text.length : line + 1;
    const named = trimSpace(this.#text.slice(this.#at, next));
    const quoted = named.length > 1 && named.startsWith("'") && named.endsWith("'");
    this.#setDelimiter(quoted ? named.slice(1, -1).replaceAll("''", "'") : named);
    this.#at = next;
    this.#from = next;
    this.#comments = [];
  }

  #setDelimiter(value: string): void {
    if (value === '') throw new ScanError('empty delimiter', this.#at);
    this.#delimiter = value.replaceAll('\\n', '\n').replaceAll('\\r', '\r').replaceAll('\\t', '\t');
  }
}

function lineEnd(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  return found < 0 ? text.length : found;
}

/** The length of what matches right there; 0 when nothing does. */
function matchAt(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0].length ?? 0;
}
