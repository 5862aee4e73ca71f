/** Rows of a COPY inside of a script, without the `\.` that ends them. */
export interface CopyRows {
  readonly text: string;
  /** Lines of the script before the first row. */
  readonly line: number;
}

/** Where a piece begins: lines of the script before it, and characters of its line before it. */
interface Begin {
  readonly line: number;
  readonly column: number;
}

/** One statement, without what ends it. */
export interface Statement extends Begin {
  readonly kind: 'statement';
  readonly text: string;
  /** What follows a COPY … FROM STDIN in the script; null where nothing does. */
  readonly rows: CopyRows | null;
  /** It ends with `\gx`: one column a line. */
  readonly expanded: boolean;
}

/** A line for psql: a backslash, a word, and the rest of the line. */
export interface MetaLine extends Begin {
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
  return new Splitter(script).split(true).pieces;
}

/** The same for input that may go on. Pure. @example splitInput('select 1; select').rest // ' select' */
export function splitInput(text: string): SplitInput {
  return new Splitter(text).split(false);
}

// Each alternative is what a scanner would skip or act on; a backslash escapes only inside E'' strings.
const tokens =
  /--[^\n]*|\/\*|(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|'[^']*'?|"[^"]*"?|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]|\\[^\n]*/g;

class Splitter {
  readonly #script: string;
  readonly #pieces: Piece[] = [];
  #start = 0;
  #line = 0;
  /** Where the line of `#start` begins. */
  #lineStart = 0;
  #depth = 0;
  #atomic = 0;
  #first = '';
  #previous = '';
  #fromStdin = false;
  #waitsFor: SplitInput['waitsFor'] = '';

  constructor(script: string) {
    this.#script = script;
  }

  /** `whole`: nothing follows, so that the end of the text ends the last statement. */
  split(whole: boolean): SplitInput {
    const script = this.#script;
    const token = new RegExp(tokens);
    for (let match = token.exec(script); match; match = token.exec(script)) {
      const text = match[0];
      this.#waitsFor = '';
      if (text === '/*') {
        token.lastIndex = this.#until(commentEnd(script, match.index), '*');
      } else if (text.startsWith('$')) {
        const close = script.indexOf(text, token.lastIndex);
        token.lastIndex = this.#until(close < 0 ? -1 : close + text.length, '$');
      } else if (text === '(') this.#depth++;
      else if (text === ')') this.#depth = Math.max(0, this.#depth - 1);
      else if (text === ';') {
        if (this.#depth > 0 || this.#atomic > 0) continue;
        if (!this.#end(match.index, match.index + 1, whole)) break;
        token.lastIndex = this.#start;
      } else if (text.startsWith('\\')) {
        if (!this.#backslash(match.index, text, whole)) break;
        token.lastIndex = this.#start;
      } else if (/^(?:[eE]?'|")/.test(text)) {
        const quote = text.endsWith('"') || text.startsWith('"') ? '"' : "'";
        if (!isClosed(text, quote)) this.#waitsFor = quote;
      } else if (/^[\w\u0080-\uffff]/.test(text)) {
        this.#word(text.toLowerCase());
      }
    }
    if (whole) this.#end(script.length, script.length, true);
    const rest = script.slice(this.#start);
    return { pieces: this.#pieces, rest, waitsFor: this.#state(rest) };
  }

  /** The end of something that may not have one yet. */
  #until(end: number, waitsFor: SplitInput['waitsFor']): number {
    if (end >= 0) return end;
    this.#waitsFor = waitsFor;
    return this.#script.length;
  }

  #word(word: string): void {
    if (this.#first === '') this.#first = word;
    if (word === 'stdin' && this.#previous === 'from' && this.#depth === 0) this.#fromStdin = true;
    if (word === 'atomic' && this.#previous === 'begin') this.#atomic = 1;
    else if (this.#atomic > 0 && word === 'case') this.#atomic++;
    else if (this.#atomic > 0 && word === 'end') this.#atomic--;
    this.#previous = word;
  }

  /** False when rows must follow that are not there yet. */
  #end(at: number, next: number, whole: boolean, expanded = false): boolean {
    const script = this.#script;
    const raw = script.slice(this.#start, at);
    const body = raw.trimStart();
    if (leadingWords(body) === '') {
      this.#skipTo(next);
      return true;
    }
    const copies = this.#first === 'copy' && this.#fromStdin;
    const rows = copies ? findCopyRows(script, next) : null;
    if (copies && !whole && !(rows && rows.next > rows.end)) {
      this.#waitsFor = '.';
      return false;
    }
    this.#skipTo(this.#start + raw.length - body.length);
    const begin = { line: this.#line, column: this.#start - this.#lineStart };
    this.#skipTo(next);
    const copied = this.#take(rows);
    this.#pieces.push({ kind: 'statement', text: body.trimEnd(), ...begin, rows: copied, expanded });
    this.#first = '';
    this.#previous = '';
    this.#fromStdin = false;
    return true;
  }

  #take(rows: { start: number; end: number; next: number } | null): CopyRows | null {
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
    if (run) return this.#end(at, at + text.length, whole, run[1] === 'gx');
    // psql's own input, which pstdin names, is the terminal at a prompt, and no part of a script.
    const stdin = whole ? 'stdin' : 'p?stdin';
    const copies = new RegExp(`^\\\\copy\\b.*\\bfrom\\s+${stdin}\\b`, 'i').test(text);
    const rows = copies ? findCopyRows(this.#script, at + text.length) : null;
    if (copies && !whole && !(rows && rows.next > rows.end)) {
      this.#waitsFor = '.';
      return false;
    }
    // In the middle of a statement it takes the statement along, which nobody else could end.
    this.#skipTo(at);
    const begin = { line: this.#line, column: at - this.#lineStart };
    this.#skipTo(at + text.length);
    this.#pieces.push({ kind: 'meta', text: text.trimEnd(), ...begin, rows: this.#take(rows) });
    this.#first = '';
    this.#depth = 0;
    return true;
  }

  /** Everything before `at` is done with. */
  #skipTo(at: number): void {
    const script = this.#script;
    for (let next = script.indexOf('\n', this.#start); next >= 0 && next < at; ) {
      this.#line++;
      this.#lineStart = next + 1;
      next = script.indexOf('\n', next + 1);
    }
    this.#start = Math.min(at, script.length);
  }

  #state(rest: string): SplitInput['waitsFor'] {
    if (this.#waitsFor !== '') return this.#waitsFor;
    if (leadingWords(rest) === '') return '';
    return this.#depth > 0 ? '(' : '-';
  }
}

function isClosed(text: string, quote: string): boolean {
  const body = text.replace(/^[eE]?./, '');
  return body.endsWith(quote);
}

/**
 * The rows after a COPY whose semicolon stands before `from`: from the next line up to a line `\.`, or the end. None when
 * something else follows in the same line, or nothing at all.
 */
function findCopyRows(script: string, from: number): { start: number; end: number; next: number } | null {
  const rest = /[^\S\n]*(?:--[^\n]*)?\n/y;
  rest.lastIndex = from;
  if (!rest.test(script)) return null;
  const start = rest.lastIndex;
  if (start === script.length) return null;
  const mark = /^\\\.\r?$/gm;
  mark.lastIndex = start;
  const found = mark.exec(script);
  if (!found) return { start, end: script.length, next: script.length };
  const next = found.index + found[0].length;
  return { start, end: found.index, next: Math.min(next + 1, script.length) };
}

/** PostgreSQL's block comments nest; -1 without an end. */
function commentEnd(script: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  let depth = 0;
  for (let match = edge.exec(script); match; match = edge.exec(script)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return -1;
}

/** Characters of white space and comments before the first word. Pure. */
export function leadingComments(text: string): number {
  let rest = text.trimStart();
  for (;;) {
    if (rest.startsWith('--')) {
      rest = rest.replace(/^[^\n]*\n?/, '').trimStart();
    } else if (rest.startsWith('/*')) {
      const end = commentEnd(rest, 0);
      rest = end < 0 ? '' : rest.slice(end).trimStart();
    } else {
      return text.length - rest.length;
    }
  }
}

/** The first two words in lower case, past comments; empty when there is nothing but comments. Pure. */
export function leadingWords(statement: string): string {
  const rest = statement.slice(leadingComments(statement));
  return /^\S+(?:\s+\S+)?/.exec(rest)?.[0].toLowerCase().replace(/\s+/, ' ') ?? '';
}
