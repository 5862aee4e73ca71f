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
  const named: Record<number, string> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
    92: '\\\\',
    127: '\\DEL',
  };
  if (character === quote) return `${quote}\\${quote}${quote}`;
  const escaped = named[code];
  if (escaped !== undefined) return quote + escaped + quote;
  return code < 32 || code > 126 ? `${quote}\\${code}${quote}` : quote + character + quote;
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
