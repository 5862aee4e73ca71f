/** Why parsing stopped, kept cheaply while parsing and put into Parsec's words only when it is shown. */

/** Errors are kept as a tree and flattened only when one is shown. `at` is the index of the unexpected character. */
export type ParseTrace =
  | {
      readonly kind: 'leaf';
      readonly position: number;
      readonly at: number;
      readonly expects: readonly string[];
    }
  | { readonly kind: 'message'; readonly position: number; readonly unexpected: string }
  | {
      readonly kind: 'both';
      readonly position: number;
      readonly left: ParseTrace;
      readonly right: ParseTrace;
    }
  | {
      readonly kind: 'label';
      readonly position: number;
      readonly inner: ParseTrace | null;
      readonly label: string;
    };

export const NONE: readonly string[] = [];

export function leaf(position: number, at: number, expects: readonly string[]): ParseTrace {
  return { kind: 'leaf', position, at, expects };
}

/** The error further on wins; errors at the same place add up. */
export function merge(left: ParseTrace | null, right: ParseTrace | null): ParseTrace | null {
  if (left === null) return right;
  if (right === null || left.position > right.position) return left;
  if (right.position > left.position) return right;
  return { kind: 'both', position: left.position, left, right };
}

/** Shows a character as Haskell's `show` does: `'x'`, `'\n'`, `'\233'`. */
export function showCharacter(character: string, quote: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === quote) return `${quote}\\${quote}${quote}`;
  return quote + escapeCharacter(code) + quote;
}

/** A text in double quotes, as Haskell shows one. */
export function showText(text: string): string {
  let shown = '';
  let previous = 0;
  for (const character of text) {
    // A digit after an escape by number, and an H after \\SO, would be read as part of it.
    if ((previous > 127 && /\d/.test(character)) || (previous === 14 && character === 'H')) shown += '\\&';
    previous = character.codePointAt(0) ?? 0;
    shown += character === '"' ? '\\"' : escapeCharacter(previous);
  }
  return `"${shown}"`;
}

/** Names of control characters, from NUL to US. */
const CONTROLS =
  'NUL SOH STX ETX EOT ENQ ACK a b t n v f r SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  ); // prettier-ignore

function escapeCharacter(code: number): string {
  if (code < 32) return `\\${CONTROLS[code]}`;
  if (code === 92) return '\\\\';
  if (code === 127) return '\\DEL';
  return code > 126 ? `\\${code}` : String.fromCharCode(code);
}

/** Where and why the input was refused. */
export interface Refusal {
  /** `(line 1, column 4)`. */
  readonly location: string;
  /** `unexpected ")" expecting …`. */
  readonly details: string;
}

interface Flat {
  system: string | null;
  readonly unexpected: string[];
  expects: string[];
}

function flatten(trace: ParseTrace, text: string): Flat {
  switch (trace.kind) {
    case 'leaf': {
      const code = text.codePointAt(trace.at);
      const system = code === undefined ? '' : showCharacter(String.fromCodePoint(code), '"');
      return { system, unexpected: [], expects: [...trace.expects] };
    }
    case 'message':
      return { system: null, unexpected: [trace.unexpected], expects: [] };
    case 'both': {
      const left = flatten(trace.left, text);
      const right = flatten(trace.right, text);
      return {
        system: left.system ?? right.system,
        unexpected: [...left.unexpected, ...right.unexpected],
        expects: [...left.expects, ...right.expects],
      };
    }
    case 'label': {
      const inner: Flat = trace.inner
        ? flatten(trace.inner, text)
        : { system: null, unexpected: [], expects: [] };
      inner.expects = [trace.label];
      return inner;
    }
  }
}

function listed(prefix: string, items: readonly string[]): string {
  const unique = [...new Set(items.filter(item => item !== ''))];
  const last = unique.pop();
  if (last === undefined) return '';
  return `${prefix} ${unique.length > 0 ? `${unique.join(', ')} or ${last}` : last}`;
}

/** Line and column of an index, counted from 1 in characters; a tab goes to the next multiple of 8. */
function location(text: string, index: number): string {
  let line = 1;
  let column = 1;
  for (const character of text.slice(0, index)) {
    if (character === '\n') {
      line++;
      column = 1;
    } else if (character === '\t') {
      column += 8 - ((column - 1) % 8);
    } else {
      column++;
    }
  }
  return `(line ${line}, column ${column})`;
}

/** The words for an error; `position` is where the parser stood, for one that has none. */
export function describeRefusal(error: ParseTrace | null, text: string, position: number): Refusal {
  if (error === null) return { location: location(text, position), details: 'unknown parse error' };
  const { system, unexpected, expects } = flatten(error, text);
  const first =
    unexpected.length > 0
      ? listed('unexpected', unexpected)
      : system === null
        ? ''
        : `unexpected ${system === '' ? 'end of input' : system}`;
  const details = [first, listed('expecting', expects)].filter(part => part !== '').join(' ');
  return { location: location(text, error.position), details };
}
