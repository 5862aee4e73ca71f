import { Lexer, leadingComments } from './lex.ts';
import { LineReader } from './lines.ts';
import { type MetaLine, type Piece, type Statement, splitPart, splitScript } from './split.ts';

/** What follows a COPY … FROM STDIN, or a \copy … from stdin, in a script that is read as it comes. */
export interface StreamedRows {
  /** Lines of the script before the first row. */
  readonly line: number;
  /** The script ends before there could be one. */
  readonly isAtEnd: boolean;
  /** In parts of whole lines: to be read before the next piece, or left, which passes over them. */
  readonly parts: AsyncIterable<Buffer>;
}

/** One statement of a script, or one line for psql. `line` counts from the script's beginning. */
export type ScriptPiece = (
  | Omit<Statement, 'rows' | 'start' | 'end'>
  | Omit<MetaLine, 'rows' | 'start' | 'end'>
) & { readonly rows: StreamedRows | null };

/** A script that cannot be read; `hint` says what to do next. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly hint: string;
  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** A statement is held in memory; rows of COPY are not. */
const MAX_STATEMENT_BYTES = 256 * 1024 * 1024;

/** Is shown what a script is made of, in its order. */
export interface ScriptWitness {
  /** A line of a comment that stands outside of statements and rows. */
  takeComment(line: string): void;
  takePiece(piece: Piece): void;
}

/** Less than this is cut as often as it may end. */
const SMALL_BYTES = 16 * 1024;

/**
 * Reads a script of any length piece by piece, as psql would: what follows a COPY is streamed. Gives what `splitScript`
 * gives of the whole, but that comments before a statement may be left out.
 * @param name of the script, for errors: `dump.sql`
 * @param end is shown the pieces, and the comments between them
 * @throws {ScriptError} when it isn't text in UTF-8, or a statement is too long.
 */
export async function* readScript(
  source: AsyncIterable<Uint8Array>,
  name: string,
  end?: ScriptWitness,
): AsyncGenerator<ScriptPiece> {
  const lines = new LineReader(source);
  try {
    yield* cutLines(lines, name, end);
  } finally {
    await lines.close();
  }
}

async function* cutLines(
  lines: LineReader,
  name: string,
  end: ScriptWitness | undefined,
): AsyncGenerator<ScriptPiece> {
  let held = new Held();
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    if (lines.lines === 1) assertUncompressed(line, name);
    if (held.bytes === 0) {
      if (isBlankOrComment(line)) {
        end?.takeComment(line.toString('latin1'));
        continue;
      }
      held = new Held(lines.lines - 1);
    }
    held.add(line);
    if (held.bytes > MAX_STATEMENT_BYTES) throw tooLong(name, held.line);
    if (!held.isWorthCutting(line)) continue;
    const text = held.text(name);
    const { pieces, rest, waitsFor } = splitPart(text);
    const at = text.length - rest.length;
    // Of what is held on, comments are shown when it is cut.
    const isCut = pieces.length > 0 || waitsFor === '.' || rest.trim() === '';
    for (const piece of withComments(text, pieces, isCut ? at : 0, end))
      yield held.placed(piece, rowsAtHand(piece, held.line));
    if (waitsFor === '.') {
      // A COPY is whole, and its rows begin in the next line, some of which may be here.
      const [copy] = splitScript(rest) as [Piece];
      for (const _ of withComments(rest, [copy], 0, end));
      const lineEnd = rest.indexOf('\n', copy.end);
      if (lineEnd >= 0) lines.unread(Buffer.from(rest.slice(lineEnd + 1)));
      const following = held.after(text, at);
      held = new Held();
      const first = lines.lines;
      const isAtEnd = await lines.isAtEnd();
      yield following.placed(copy, { line: first, isAtEnd, parts: lines.rows() });
      await lines.skipRows();
    } else if (rest.trim() === '') held = new Held();
    else if (pieces.length > 0) held = held.after(text, at);
    else held.failed(waitsFor);
  }
  const text = held.text(name);
  for (const piece of withComments(text, splitScript(text), text.length, end))
    yield held.placed(piece, rowsAtHand(piece, held.line));
}

/** The pieces of a text up to `until`, each shown together with the comments in front of it. */
function* withComments(
  text: string,
  pieces: readonly Piece[],
  until: number,
  end: ScriptWitness | undefined,
): Generator<Piece> {
  let at = 0;
  for (const piece of pieces) {
    const begin = piece.start + (piece.kind === 'statement' ? leadingComments(piece.text) : 0);
    for (const line of commentLines(text.slice(at, begin))) end?.takeComment(line);
    end?.takePiece(piece);
    yield piece;
    at = behind(piece, text);
  }
  for (const line of commentLines(text.slice(at, until))) end?.takeComment(line);
}

/** Where the script goes on after a piece and its rows. */
function behind({ end, rows }: Piece, text: string): number {
  if (rows === null) return end;
  const mark = text.indexOf('\n', end) + 1 + rows.text.length;
  const newline = text.indexOf('\n', mark);
  return newline < 0 ? text.length : newline + 1;
}

/** Of what stands between two pieces: comments that have their line for themselves. */
function* commentLines(text: string): Generator<string> {
  const lexer = new Lexer(text);
  for (let token = lexer.next(); token; token = lexer.next()) {
    const { kind, start, end } = token;
    if (kind === 'line comment') {
      if (start === 0 || text[start - 1] === '\n') yield text.slice(start, end);
    } else if (kind !== 'block comment' && kind !== ';') return;
  }
}

const COMPRESSED: readonly (readonly [magic: string, program: string])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['04224d18', 'lz4'],
];

/** @param bytes how it begins @throws {ScriptError} naming what unpacks it. */
function assertUncompressed(bytes: Buffer, name: string): void {
  const head = bytes.toString('hex', 0, 4);
  const found = COMPRESSED.find(([magic]) => head.startsWith(magic));
  if (found)
    throw new ScriptError(
      `${name} is compressed by ${found[1]}.`,
      `Unpack it first: ${found[1]} -dc ${name} > script.sql`,
    );
}

/** Lines of which no whole statement has been cut yet. */
class Held {
  /** Lines of the script before it, and characters of its line. */
  readonly line: number;
  readonly #column: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  #waitsFor = '';
  /** Those that were cut in vain, and whether there was a reason to try again since. */
  #tried = 0;
  #isDue = false;

  constructor(line = 0, column = 0) {
    this.line = line;
    this.#column = column;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(line: Buffer): void {
    this.#parts.push(line);
    this.#bytes += line.length;
  }

  /**
   * Only where a statement may end is it looked at whether it does: not in the midst of a quote, and in what is long not at
   * every line, so that the work stays in proportion to the length.
   */
  isWorthCutting(line: Buffer): boolean {
    if (this.#waitsFor !== '' && line.includes(CLOSING[this.#waitsFor] ?? '')) this.#waitsFor = '';
    this.#isDue ||= this.#waitsFor === '' && mayEnd(line);
    return this.#isDue && this.#bytes > (this.#tried < SMALL_BYTES ? 0 : this.#tried * 1.5);
  }

  failed(waitsFor: string): void {
    this.#waitsFor = waitsFor in CLOSING ? waitsFor : '';
    this.#tried = this.#bytes;
    this.#isDue = false;
  }

  /** What is left of it behind the first `at` characters of its text. */
  after(text: string, at: number): Held {
    const begin = text.lastIndexOf('\n', at - 1) + 1;
    const column = begin === 0 ? this.#column + at : at - begin;
    const rest = new Held(this.line + newlines(text.slice(0, at)), column);
    rest.add(Buffer.from(text.slice(at)));
    return rest;
  }

  /** A piece of its text, where the script has it. */
  placed({ start: _, end: __, ...piece }: Piece, rows: StreamedRows | null): ScriptPiece {
    const column = piece.line === 0 ? this.#column + piece.column : piece.column;
    return { ...piece, line: this.line + piece.line, column, rows };
  }

  text(name: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(this.#parts, this.#bytes));
    } catch (error) {
      throw new ScriptError(
        `${name} is not text in UTF-8 (line ${this.line + 1} or what follows).`,
        'Dumps of another encoding: pg_dump --encoding=UTF8.',
        error,
      );
    }
  }
}

/** What a line must hold for a quote or a comment to end in it. */
const CLOSING: Readonly<Record<string, string>> = { "'": "'", '"': '"', $: '$', '*': '*/' };

/** Rows that were read together with their statement. */
function rowsAtHand({ rows }: Piece, line: number): StreamedRows | null {
  if (rows === null) return null;
  const parts = (async function* () {
    if (rows.text !== '') yield Buffer.from(rows.text);
  })();
  return { line: line + rows.line, isAtEnd: false, parts };
}

function isBlankOrComment(line: Buffer): boolean {
  if (line.length < 3) return line.toString('latin1').trim() === '';
  // A carriage return ends a comment, and what follows it in the line is none.
  const end = line.indexOf(0x0d);
  return line[0] === 0x2d && line[1] === 0x2d && (end < 0 || end >= line.length - 2);
}

/** A semicolon at its end, or a backslash. */
function mayEnd(line: Buffer): boolean {
  let at = line.length - 1;
  while (at >= 0 && line[at]! <= 0x20) at--;
  return line[at] === 0x3b || line.includes(0x5c) || (line.includes('--') && line.includes(';'));
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

function tooLong(name: string, line: number): ScriptError {
  return new ScriptError(
    `${name}: the statement that begins in line ${line + 1} is longer than 256 MB.`,
    'Leave --inserts out of pg_dump, or add --rows-per-insert=100: rows of COPY may be of any length.',
  );
}
