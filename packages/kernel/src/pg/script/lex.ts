/** What a piece of SQL text is to whoever cuts it; everything between two tokens is white space, numbers and operators. */
export type TokenKind =
  /** `-- …`, without its newline. */
  | 'line comment'
  /** Nested ones included. */
  | 'block comment'
  /** `'…'` and `E'…'`. */
  | 'string'
  /** `"…"` */
  | 'identifier'
  /** `$tag$…$tag$` */
  | 'dollar'
  | 'word'
  | '('
  | ')'
  | ';'
  /** A backslash outside of quotes, which is no SQL, to the end of its line. */
  | 'backslash';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  /** After its last character. */
  readonly end: number;
  /** False where the text ends before it does. */
  readonly closed: boolean;
}

// Each alternative is what a scanner would skip or act on; a backslash escapes only inside E'' strings.
const tokens =
  /--[^\n]*|\/\*|(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|'[^']*'?|"[^"]*"?|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]|\\[^\n]*/g;

const escapeString = /^[eE]'(?:[^'\\]|\\[\s\S]|'')*'$/;

/**
 * Reads SQL as PostgreSQL's own lexer does with standard_conforming_strings on, as far as that decides where a statement
 * ends. `moveTo` goes on elsewhere, such as behind the rows of a COPY, which are no SQL.
 * @see https://www.postgresql.org/docs/17/sql-syntax-lexical.html
 * @example new Lexer("select 'a;b'").next() // { kind: 'word', start: 0, end: 6, closed: true }
 */
export class Lexer {
  readonly #text: string;
  readonly #tokens = new RegExp(tokens);

  constructor(text: string) {
    this.#text = text;
  }

  moveTo(at: number): void {
    this.#tokens.lastIndex = at;
  }

  /** Null at the end. */
  next(): Token | null {
    const match = this.#tokens.exec(this.#text);
    if (!match) return null;
    const [first] = match;
    const start = match.index;
    const end = start + first.length;
    switch (first[0]) {
      case '-':
        return { kind: 'line comment', start, end, closed: true };
      case '/':
        return this.#until('block comment', start, commentEnd(this.#text, start));
      case '$': {
        const close = this.#text.indexOf(first, end);
        return this.#until('dollar', start, close < 0 ? -1 : close + first.length);
      }
      case '(':
      case ')':
      case ';':
        return { kind: first[0], start, end, closed: true };
      case '\\':
        return { kind: 'backslash', start, end, closed: true };
      case '"':
        return { kind: 'identifier', start, end, closed: first.length > 1 && first.endsWith('"') };
      case "'":
        return { kind: 'string', start, end, closed: first.length > 1 && first.endsWith("'") };
      default:
        if (!/^[eE]'/.test(first)) return { kind: 'word', start, end, closed: true };
        return { kind: 'string', start, end, closed: end < this.#text.length || escapeString.test(first) };
    }
  }

  #until(kind: TokenKind, start: number, found: number): Token {
    const end = found < 0 ? this.#text.length : found;
    this.#tokens.lastIndex = end;
    return { kind, start, end, closed: found >= 0 };
  }
}

/** PostgreSQL's block comments nest; -1 without an end. */
export function commentEnd(text: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  let depth = 0;
  for (let match = edge.exec(text); match; match = edge.exec(text)) {
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
