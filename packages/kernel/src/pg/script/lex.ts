/** What a piece of SQL text is to whoever cuts it; everything between two tokens is white space, numbers and operators. */
export type TokenKind =
  /** `-- …`, without the newline or the carriage return that ends it. */
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

// Each alternative is what a scanner would skip or act on; a backslash escapes only inside E'' strings, which are read on from here.
const tokens =
  /--[^\n\r]*|\/\*|(?<![\w$])[eE]'|'[^']*'?|"[^"]*"?|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]|\\[^\n]*/g;

/** What parts an escape string from its next piece, which is read as the first one is: `E'a'`, a new line, `'\''`. */
const continuation = /(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;

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
        if (!first.endsWith("'")) return { kind: 'word', start, end, closed: true };
        return this.#escapeString(start, end);
    }
  }

  /** Behind its first quote. */
  #escapeString(start: number, from: number): Token {
    const text = this.#text;
    const mark = /['\\]/g;
    mark.lastIndex = from;
    for (let match = mark.exec(text); match; match = mark.exec(text)) {
      const at = match.index;
      if (match[0] === '\\' || text[at + 1] === "'") {
        mark.lastIndex = at + 2;
        continue;
      }
      continuation.lastIndex = at + 1;
      if (!continuation.test(text)) return this.#until('string', start, at + 1);
      mark.lastIndex = continuation.lastIndex;
    }
    return this.#until('string', start, -1);
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
      rest = rest.replace(/^[^\n\r]*/, '').trimStart();
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
  const words: string[] = [];
  let rest = statement;
  while (words.length < 2) {
    rest = rest.slice(leadingComments(rest));
    if (rest === '') break;
    const end = rest.search(/\s|--|\/\*/);
    const word = end < 0 ? rest : rest.slice(0, end);
    words.push(word.toLowerCase());
    rest = rest.slice(word.length);
  }
  return words.join(' ');
}
