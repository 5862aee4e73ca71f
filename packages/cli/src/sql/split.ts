/** Part of a script that is sent in one piece. */
export interface Piece {
  readonly text: string;
  /** Lines of the script before this piece. */
  readonly line: number;
}

/**
 * Cuts a script as psql would send it: one statement a piece, so that each commits by itself and VACUUM or CREATE INDEX
 * CONCURRENTLY may stand among others; what lies between BEGIN and COMMIT (or ROLLBACK) stays one piece. Pure.
 *
 * Knows quotes, dollar quotes, nested comments, parentheses (a rule's statements) and BEGIN ATOMIC bodies.
 * @example splitScript('select 1; select 2').map(piece => piece.text) // ['select 1', 'select 2']
 */
export function splitScript(script: string): Piece[] {
  const pieces: Piece[] = [];
  let open: Piece | null = null;
  for (const statement of splitStatements(script)) {
    const words = leadingWords(statement.text);
    if (open) {
      open = {
        text: `${open.text};${'\n'.repeat(gapLines(open, statement))}${statement.text}`,
        line: open.line,
      };
      if (/^(?:commit|end|abort)\b|^rollback(?! to\b)/.test(words)) {
        pieces.push(open);
        open = null;
      }
    } else if (/^(?:begin|start transaction)\b/.test(words)) {
      open = statement;
    } else {
      pieces.push(statement);
    }
  }
  if (open) pieces.push(open);
  return pieces;
}

function splitStatements(script: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let depth = 0;
  let atomic = 0;
  let line = 0;
  const end = (at: number): void => {
    const raw = script.slice(start, at);
    const body = raw.trimStart();
    if (leadingWords(body) !== '') {
      pieces.push({ text: body.trimEnd(), line: line + countLines(raw.slice(0, raw.length - body.length)) });
    }
    line += countLines(raw);
    start = at + 1;
  };
  // Each alternative is what a scanner would skip or act on; a backslash escapes only inside E'' strings.
  const token =
    /--[^\n]*|\/\*|(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]/g;
  let previous = '';
  for (let match = token.exec(script); match; match = token.exec(script)) {
    const text = match[0];
    if (text === '/*') token.lastIndex = commentEnd(script, match.index);
    else if (text.startsWith('$')) {
      const close = script.indexOf(text, token.lastIndex);
      token.lastIndex = close < 0 ? script.length : close + text.length;
    } else if (text === '(') depth++;
    else if (text === ')') depth = Math.max(0, depth - 1);
    else if (text === ';') {
      if (depth === 0 && atomic === 0) end(match.index);
    } else if (/^\w/.test(text)) {
      const word = text.toLowerCase();
      if (word === 'atomic' && previous === 'begin') atomic = 1;
      else if (atomic > 0 && word === 'case') atomic++;
      else if (atomic > 0 && word === 'end') atomic--;
      previous = word;
    }
  }
  end(script.length);
  return pieces;
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

/** Newlines to put between two joined statements, so that line numbers in errors stay those of the script. */
function gapLines(open: Piece, next: Piece): number {
  return Math.max(0, next.line - open.line - countLines(open.text));
}
