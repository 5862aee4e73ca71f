/** Part of a script that is sent in one piece. */
export interface Piece {
  readonly text: string;
  /** Lines of the script before this piece. */
  readonly line: number;
  /** What follows each of its COPY … FROM STDIN in the script; null where nothing does. */
  readonly copies: readonly (CopyRows | null)[];
}

/** Rows of a COPY inside of a script, without the `\.` that ends them. */
export interface CopyRows {
  readonly text: string;
  /** Lines of the script before the first row. */
  readonly line: number;
}

/** A line that only psql understands. */
export class MetaCommandError extends Error {
  override readonly name = 'MetaCommandError';
  /** Such as `\connect`. */
  readonly command: string;
  /** From 1. */
  readonly line: number;
  constructor(command: string, line: number) {
    super(`Line ${line}: ${command} is a command of psql, not SQL.`);
    this.command = command;
    this.line = line;
  }
}

/** What pg_dump brackets its output with, so that psql runs no other of its commands; here none are run at all. */
const harmless = new Set(['\\restrict', '\\unrestrict']);

/**
 * Cuts a script as psql would send it: one statement a piece, so that each commits by itself and VACUUM or CREATE INDEX
 * CONCURRENTLY may stand among others; what lies between BEGIN and COMMIT (or ROLLBACK) stays one piece. Pure.
 *
 * Knows quotes, dollar quotes, nested comments, parentheses (a rule's statements), BEGIN ATOMIC bodies, and the rows that
 * follow COPY … FROM STDIN up to `\.`, so that what pg_dump writes can be run.
 * @throws {MetaCommandError} where a command of psql stands that pg_dump does not write.
 * @example splitScript('select 1; select 2').map(piece => piece.text) // ['select 1', 'select 2']
 */
export function splitScript(script: string): Piece[] {
  const pieces: Piece[] = [];
  let open: Transaction | null = null;
  for (const statement of splitStatements(script)) {
    const words = leadingWords(statement.text);
    if (open) {
      open.add(statement);
      const ends = /^(?:commit|end|abort)\b|^rollback(?! to\b)/.test(words);
      // COMMIT AND CHAIN begins the next one.
      if (ends && !/\band\s+chain\b/i.test(statement.text)) {
        pieces.push(open.piece());
        open = null;
      }
    } else if (/^(?:begin|start transaction)\b/.test(words)) {
      open = new Transaction(statement);
    } else {
      pieces.push(statement);
    }
  }
  if (open) pieces.push(open.piece());
  return pieces;
}

/** The statements of one transaction, joined so that line numbers in errors stay those of the script. */
class Transaction {
  readonly #line: number;
  readonly #parts: string[];
  readonly #copies: (CopyRows | null)[];
  #lines: number;

  constructor(first: Piece) {
    this.#line = first.line;
    this.#parts = [first.text];
    this.#copies = [...first.copies];
    this.#lines = countLines(first.text);
  }

  add({ text, line, copies }: Piece): void {
    const gap = Math.max(0, line - this.#line - this.#lines);
    this.#parts.push(';', '\n'.repeat(gap), text);
    this.#copies.push(...copies);
    this.#lines += gap + countLines(text);
  }

  piece(): Piece {
    return { text: this.#parts.join(''), line: this.#line, copies: this.#copies };
  }
}

function splitStatements(script: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let depth = 0;
  let atomic = 0;
  let line = 0;
  let first = '';
  let previous = '';
  let fromStdin = false;
  /** Everything before `at` is done with. */
  const skipTo = (at: number): void => {
    line += countLines(script.slice(start, at));
    start = at;
  };
  const end = (at: number): void => {
    const raw = script.slice(start, at);
    const body = raw.trimStart();
    const statementLine = line + countLines(raw.slice(0, raw.length - body.length));
    skipTo(Math.min(at + 1, script.length));
    if (leadingWords(body) !== '') {
      const copies: (CopyRows | null)[] = [];
      if (first === 'copy' && fromStdin) {
        const rows = findCopyRows(script, start);
        if (rows) {
          skipTo(rows.start);
          copies.push({ text: script.slice(rows.start, rows.end), line });
          skipTo(rows.next);
        } else {
          copies.push(null);
        }
      }
      pieces.push({ text: body.trimEnd(), line: statementLine, copies });
    }
    first = '';
    previous = '';
    fromStdin = false;
  };
  // Each alternative is what a scanner would skip or act on; a backslash escapes only inside E'' strings.
  const token =
    /--[^\n]*|\/\*|(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|'[^']*'?|"[^"]*"?|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]|\\[^\n]*/g;
  for (let match = token.exec(script); match; match = token.exec(script)) {
    const text = match[0];
    if (text === '/*') token.lastIndex = commentEnd(script, match.index);
    else if (text.startsWith('$')) {
      const close = script.indexOf(text, token.lastIndex);
      token.lastIndex = close < 0 ? script.length : close + text.length;
    } else if (text === '(') depth++;
    else if (text === ')') depth = Math.max(0, depth - 1);
    else if (text === ';') {
      if (depth === 0 && atomic === 0) {
        end(match.index);
        token.lastIndex = start;
      }
    } else if (text.startsWith('\\')) {
      // In the middle of a statement it is the server's to refuse.
      if (leadingWords(script.slice(start, match.index)) !== '') continue;
      const command = /^\\\S*/.exec(text)![0];
      skipTo(match.index);
      if (!harmless.has(command)) throw new MetaCommandError(command, line + 1);
      skipTo(token.lastIndex);
    } else if (/^[\w\u0080-\uffff]/.test(text) && !/^[eE]'/.test(text)) {
      const word = text.toLowerCase();
      if (first === '') first = word;
      if (word === 'stdin' && previous === 'from' && depth === 0) fromStdin = true;
      if (word === 'atomic' && previous === 'begin') atomic = 1;
      else if (atomic > 0 && word === 'case') atomic++;
      else if (atomic > 0 && word === 'end') atomic--;
      previous = word;
    }
  }
  end(script.length);
  return pieces;
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

/** PostgreSQL's block comments nest. */
function commentEnd(script: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  let depth = 0;
  for (let match = edge.exec(script); match; match = edge.exec(script)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return script.length;
}

/** The first two words in lower case, past comments; empty when there is nothing but comments. */
function leadingWords(statement: string): string {
  let rest = statement.trimStart();
  for (;;) {
    if (rest.startsWith('--')) rest = rest.replace(/^[^\n]*\n?/, '').trimStart();
    else if (rest.startsWith('/*')) rest = rest.slice(commentEnd(rest, 0)).trimStart();
    else break;
  }
  return /^\S+(?:\s+\S+)?/.exec(rest)?.[0].toLowerCase().replace(/\s+/, ' ') ?? '';
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
