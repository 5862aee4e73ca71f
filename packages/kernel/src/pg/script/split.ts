import { type CopyRange, type CopyRows, findCopyRows, rowsMayFollow } from './copy.ts';
import { Lexer, leadingComments, leadingWords, type Token } from './lex.ts';

/** Where a piece stands: lines of the script before it, characters of its line, and of the whole script, before it. */
interface Span {
  readonly line: number;
  readonly column: number;
  readonly start: number;
  /** After its last character, a semicolon included; rows not. */
  readonly end: number;
}

/** One statement, without what ends it. */
export interface Statement extends Span {
  readonly kind: 'statement';
  readonly text: string;
  /** What follows a COPY … FROM STDIN in the script; null where nothing does. */
  readonly rows: CopyRows | null;
  /** psql's command that ends it in place of a semicolon: `\gx` shows one column a line. */
  readonly endedBy: '\\g' | '\\gx' | null;
}

/** A line for psql: a backslash, a word, and the rest of the line. */
export interface MetaLine extends Span {
  readonly kind: 'meta';
  readonly text: string;
  /** What follows a \copy … from stdin, as after a COPY. */
  readonly rows: CopyRows | null;
}

export type Piece = Statement | MetaLine;

/** What was whole, and what is not yet: the text after the last whole piece, and what it waits for, as psql's prompt shows it. */
export interface SplitInput {
  readonly pieces: readonly Piece[];
  readonly rest: string;
  readonly waitsFor: '' | '-' | "'" | '"' | '$' | '*' | '(' | '.';
}

/**
 * Cuts a script as psql sends it: one statement a piece, so that each commits by itself and VACUUM or CREATE INDEX
 * CONCURRENTLY may stand among others. Its end ends the last one. Pure.
 *
 * Knows quotes, dollar quotes, nested comments, parentheses (a rule's statements), BEGIN ATOMIC bodies, and the rows that
 * follow COPY … FROM STDIN up to `\.`, so that what pg_dump writes can be run.
 * @example splitScript('select 1; select 2').map(piece => piece.text) // ['select 1', 'select 2']
 */
export function splitScript(script: string): readonly Piece[] {
  return new Splitter(script, false).split(true).pieces;
}

/** The same for lines typed at a prompt, which may go on. Pure. @example splitInput('select 1; select').rest // ' select' */
export function splitInput(text: string): SplitInput {
  return new Splitter(text, true).split(false);
}

/** The same for whole lines of a script, of which there may be more. Pure. */
export function splitPart(text: string): SplitInput {
  return new Splitter(text, false).split(false);
}

const between = String.raw`(?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r]|/\*[\s\S]*?\*/)`;
const makesRoutine = new RegExp(
  `^${between}*create${between}+(?:or${between}+replace${between}+)?(?:function|procedure)\\b`,
  'i',
);

class Splitter {
  readonly #script: string;
  readonly #isPrompt: boolean;
  readonly #pieces: Piece[] = [];
  #start = 0;
  #line = 0;
  /** Where the line of `#start` begins. */
  #lineStart = 0;
  /** Where that line ends: looked for once a line, as one may hold many statements. */
  #newline: number;
  #depth = 0;
  #atomic = 0;
  #first = '';
  #previous = '';
  #previousEnd = 0;
  #fromStdin = false;
  #waitsFor: SplitInput['waitsFor'] = '';

  constructor(script: string, isPrompt: boolean) {
    this.#script = script;
    this.#isPrompt = isPrompt;
    this.#newline = this.#newlineFrom(0);
  }

  /** `whole`: nothing follows, so that the end of the text ends the last statement. */
  split(whole: boolean): SplitInput {
    const script = this.#script;
    const lexer = new Lexer(script);
    for (let token = lexer.next(); token; token = lexer.next()) {
      this.#waitsFor = waitsFor(token);
      if (token.kind === '(') this.#depth++;
      else if (token.kind === ')') this.#depth = Math.max(0, this.#depth - 1);
      else if (token.kind === 'word') this.#word(token);
      else if (token.kind === ';') {
        if (this.#depth > 0 || this.#atomic > 0) continue;
        if (!this.#end(token.start, token.end, whole)) break;
        lexer.moveTo(this.#start);
      } else if (token.kind === 'backslash') {
        if (!this.#backslash(token.start, script.slice(token.start, token.end), whole)) break;
        lexer.moveTo(this.#start);
      }
    }
    if (whole) this.#end(script.length, script.length, true);
    const rest = script.slice(this.#start);
    return { pieces: this.#pieces, rest, waitsFor: this.#state(rest) };
  }

  #word({ start, end }: Token): void {
    const word = this.#script.slice(start, end).toLowerCase();
    if (this.#first === '') this.#first = word;
    if (word === 'stdin' && this.#previous === 'from' && this.#depth === 0) this.#fromStdin = true;
    this.#countBlocks(word, start);
    this.#previous = word;
    this.#previousEnd = end;
  }

  /** BEGIN ATOMIC opens the body of a function, and nothing anywhere else; a CASE in there has an END of its own. */
  #countBlocks(word: string, start: number): void {
    if (this.#atomic === 0) {
      if (word !== 'atomic' || this.#depth > 0 || !this.#follows('begin', start)) return;
      if (makesRoutine.test(this.#script.slice(this.#start, start))) this.#atomic = 1;
      return;
    }
    // As a name of something both are but words.
    if ((word !== 'case' && word !== 'end') || this.#script[start - 1] === '.' || this.#follows('as', start))
      return;
    this.#atomic += word === 'case' ? 1 : -1;
  }

  /** Whether nothing but white space and comments parts the word before from what begins at `start`. */
  #follows(word: string, start: number): boolean {
    if (this.#previous !== word) return false;
    const gap = this.#script.slice(this.#previousEnd, start);
    return leadingComments(gap) === gap.length;
  }

  /** False when rows must follow that are not there yet. */
  #end(at: number, next: number, whole: boolean, endedBy: Statement['endedBy'] = null): boolean {
    const script = this.#script;
    const raw = script.slice(this.#start, at);
    const body = raw.trimStart();
    if (leadingWords(body) === '') {
      this.#skipTo(next);
      return true;
    }
    const copies = this.#first === 'copy' && this.#fromStdin;
    const rows = copies ? findCopyRows(script, next) : null;
    if (copies && !whole && this.#lacksRows(rows, next)) {
      this.#waitsFor = '.';
      return false;
    }
    this.#skipTo(this.#start + raw.length - body.length);
    const span = this.#spanUntil(next);
    this.#skipTo(next);
    const copied = this.#take(rows);
    this.#pieces.push({ kind: 'statement', text: body.trimEnd(), ...span, rows: copied, endedBy });
    this.#first = '';
    this.#previous = '';
    this.#fromStdin = false;
    return true;
  }

  /** A COPY that ends at `at` has none of its rows yet, or not all. In a script, what follows in its line says that there are none. */
  #lacksRows(rows: CopyRange | null, at: number): boolean {
    if (rows) return rows.next === rows.end;
    return this.#isPrompt || rowsMayFollow(this.#script, at);
  }

  #spanUntil(end: number): Span {
    return { line: this.#line, column: this.#start - this.#lineStart, start: this.#start, end };
  }

  #take(rows: CopyRange | null): CopyRows | null {
    if (!rows) return null;
    this.#skipTo(rows.start);
    const copied = { text: this.#script.slice(rows.start, rows.end), line: this.#line };
    this.#skipTo(rows.next);
    return copied;
  }

  /** A backslash is no SQL outside of quotes: `\g` and `\gx` end a statement, everything else is a line for psql. */
  #backslash(at: number, text: string, whole: boolean): boolean {
    const stands = leadingWords(this.#script.slice(this.#start, at)) !== '';
    const run = stands ? /^\\(gx?)[ \t\r]*$/.exec(text) : null;
    if (run) return this.#end(at, at + text.length, whole, run[1] === 'gx' ? '\\gx' : '\\g');
    // psql's own input, which pstdin names, is the terminal at a prompt, and no part of a script.
    const stdin = this.#isPrompt ? 'p?stdin' : 'stdin';
    const copies = new RegExp(`^\\\\copy\\b.*\\bfrom\\s+${stdin}\\b`, 'i').test(text);
    const rows = copies ? findCopyRows(this.#script, at + text.length) : null;
    if (copies && !whole && this.#lacksRows(rows, at + text.length)) {
      this.#waitsFor = '.';
      return false;
    }
    // In the middle of a statement it takes the statement along, which nobody else could end.
    this.#skipTo(at);
    const span = this.#spanUntil(at + text.length);
    this.#skipTo(at + text.length);
    this.#pieces.push({ kind: 'meta', text: text.trimEnd(), ...span, rows: this.#take(rows) });
    this.#first = '';
    this.#depth = 0;
    return true;
  }

  /** Everything before `at` is done with. */
  #skipTo(at: number): void {
    for (; this.#newline < at; this.#newline = this.#newlineFrom(this.#lineStart)) {
      this.#line++;
      this.#lineStart = this.#newline + 1;
    }
    this.#start = Math.min(at, this.#script.length);
  }

  #newlineFrom(at: number): number {
    const found = this.#script.indexOf('\n', at);
    return found < 0 ? Number.POSITIVE_INFINITY : found;
  }

  #state(rest: string): SplitInput['waitsFor'] {
    if (this.#waitsFor !== '') return this.#waitsFor;
    if (leadingWords(rest) === '') return '';
    return this.#depth > 0 ? '(' : '-';
  }
}

/** What a token that the text ends in waits for. */
function waitsFor({ kind, closed }: Token): SplitInput['waitsFor'] {
  if (closed) return '';
  switch (kind) {
    case 'block comment':
      return '*';
    case 'dollar':
      return '$';
    case 'identifier':
      return '"';
    default:
      return "'";
  }
}
