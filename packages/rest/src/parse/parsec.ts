/**
 * Parser combinators with Parsec's error semantics.
 * One file of some 300 lines, as the combinators only make sense next to each other.
 *
 * PostgREST's PGRST100 bodies quote Parsec's messages word for word (`unexpected "x" expecting "y" or "z"`), so clients
 * and tests see how that library merges errors: by furthest position, labels replacing what an unconsumed parser
 * expected, `try` hiding consumption but keeping the position. Only those rules are kept; nothing else of it is.
 *
 * A parser takes the state, returns a value or `FAIL`, and leaves in the state whether it consumed input and the error
 * that explains why it stopped where it did (a success has one too: "could also have continued with …").
 *
 * @see https://hackage.haskell.org/package/parsec/docs/Text-Parsec-Error.html
 */

import { describeRefusal, leaf, merge, NONE, type ParseTrace, type Refusal, showCharacter } from './trace.ts';

/** What a parser returns when it does not match. */
export const FAIL: unique symbol = Symbol('no match');
export type Fail = typeof FAIL;

export type Parser<T> = (state: State) => T | Fail;

/** Nesting allowed in one parameter; beyond it parsing stops with an error instead of growing the stack. */
export const MAX_DEPTH = 64;

export interface State {
  readonly text: string;
  /**
   * Shortcuts, which skip the bookkeeping of errors, are taken as far as they end before this. Once an input has failed it is
   * parsed again for its message, which tells of the furthest place alone: what ends before the one known has no part in it.
   */
  readonly quickUntil: number;
  position: number;
  consumed: boolean;
  error: ParseTrace | null;
  depth: number;
}

function fail(state: State, error: ParseTrace | null): Fail {
  state.consumed = false;
  state.error = error;
  return FAIL;
}

/** One character that `accept` takes; `expects` names it in errors. */
export function satisfy(
  accept: (character: string) => boolean,
  expects: readonly string[] = NONE,
): Parser<string> {
  return state => {
    const character = state.text.charAt(state.position);
    if (character === '' || !accept(character))
      return fail(state, leaf(state.position, state.position, expects));
    state.position++;
    state.consumed = true;
    state.error = null;
    return character;
  };
}

export function char(wanted: string): Parser<string> {
  const expects = [showCharacter(wanted, '"')];
  const code = wanted.charCodeAt(0);
  return state => {
    if (state.text.charCodeAt(state.position) !== code) {
      return fail(state, leaf(state.position, state.position, expects));
    }
    state.position++;
    state.consumed = true;
    state.error = null;
    return wanted;
  };
}

export const anyChar: Parser<string> = satisfy(() => true);

export function noneOf(set: string): Parser<string> {
  return satisfy(character => !set.includes(character));
}

/** The text itself; a mismatch is reported at the text's start, as Parsec does. */
export function string(wanted: string): Parser<string> {
  const expects = [`"${wanted}"`];
  return state => {
    const start = state.position;
    for (let i = 0; i < wanted.length; i++) {
      if (state.text.charCodeAt(start + i) === wanted.charCodeAt(i)) continue;
      state.consumed = i > 0;
      state.error = leaf(start, start + i, expects);
      return FAIL;
    }
    state.position = start + wanted.length;
    state.consumed = true;
    state.error = null;
    return wanted;
  };
}

/** As many characters as the sticky regex takes, at least `least` (0 or 1); `expects` names what could have continued. */
export function span(regex: RegExp, least: 0 | 1, expects: readonly string[] = NONE): Parser<string> {
  return state => {
    const start = state.position;
    regex.lastIndex = start;
    const taken = regex.exec(state.text)?.[0] ?? '';
    state.position = start + taken.length;
    state.consumed = taken !== '';
    state.error = leaf(state.position, state.position, expects);
    return taken.length < least ? FAIL : taken;
  };
}

/**
 * A shortcut for what most texts are: what the sticky regex matches, where `take` makes something of it.
 */
export function quick<T>(regex: RegExp, take: (match: RegExpExecArray) => T | Fail): Parser<T> {
  return state => {
    regex.lastIndex = state.position;
    const match = state.position < state.quickUntil ? regex.exec(state.text) : null;
    const isBefore = match !== null && state.position + match[0].length < state.quickUntil;
    const value = isBefore ? take(match) : FAIL;
    state.error = null;
    state.consumed = value !== FAIL;
    if (isBefore && value !== FAIL) state.position += match[0].length;
    return value;
  };
}

/** Everything that is left. */
export const rest: Parser<string> = state => {
  const taken = state.text.slice(state.position);
  state.position = state.text.length;
  state.consumed = taken !== '';
  state.error = leaf(state.position, state.position, NONE);
  return taken;
};

/** Succeeds with `value` without looking at the input. */
export function pure<T>(value: T): Parser<T> {
  return state => {
    state.consumed = false;
    state.error = null;
    return value;
  };
}

type Values<P extends readonly Parser<unknown>[]> = {
  [K in keyof P]: P[K] extends Parser<infer T> ? T : never;
};

/** Runs the parsers one after another. `build` may refuse with `FAIL`, which fails without a message of its own. */
export function seq<const P extends readonly Parser<unknown>[], T>(
  parsers: P,
  build: (...values: Values<P>) => T | Fail,
): Parser<T> {
  return state => {
    const values: unknown[] = [];
    let consumed = false;
    let error: ParseTrace | null = null;
    for (const parser of parsers) {
      const value = parser(state);
      if (state.consumed) {
        consumed = true;
        error = state.error;
      } else {
        error = merge(error, state.error);
      }
      if (value === FAIL) {
        state.consumed = consumed;
        state.error = error;
        return FAIL;
      }
      values.push(value);
    }
    state.consumed = consumed;
    state.error = error;
    return build(...(values as Values<P>));
  };
}

/** The first alternative that matches or consumes. */
export function alt<T>(...parsers: readonly Parser<T>[]): Parser<T> {
  return state => {
    const start = state.position;
    let error: ParseTrace | null = null;
    for (const parser of parsers) {
      state.position = start;
      const value = parser(state);
      if (state.consumed) return value;
      error = merge(error, state.error);
      if (value !== FAIL) {
        state.error = error;
        return value;
      }
    }
    state.position = start;
    state.error = error;
    return FAIL;
  };
}

/** Pretends that a failed parser has consumed nothing. */
export function attempt<T>(parser: Parser<T>): Parser<T> {
  return state => {
    const start = state.position;
    const value = parser(state);
    if (value === FAIL) {
      state.position = start;
      state.consumed = false;
    }
    return value;
  };
}

/** Replaces what the parser expects by `name`, when it has consumed nothing. */
export function label<T>(parser: Parser<T>, name: string): Parser<T> {
  return state => {
    const start = state.position;
    const value = parser(state);
    if (state.consumed || (value !== FAIL && state.error === null)) return value;
    const inner = state.error;
    state.error = { kind: 'label', position: inner?.position ?? start, inner, label: name };
    return value;
  };
}

export function lookAhead<T>(parser: Parser<T>): Parser<T> {
  return state => {
    const start = state.position;
    const value = parser(state);
    if (value === FAIL) return FAIL;
    state.position = start;
    state.consumed = false;
    state.error = null;
    return value;
  };
}

/** Fails where the character parser matches; the error stands after the character, as in Parsec. */
export function notFollowedBy(parser: Parser<string>): Parser<null> {
  return state => {
    const start = state.position;
    const value = parser(state);
    const after = state.position;
    state.position = start;
    state.consumed = false;
    if (value === FAIL) return null;
    state.error = { kind: 'message', position: after, unexpected: showCharacter(value, "'") };
    return FAIL;
  };
}

export const eof: Parser<null> = state => {
  state.consumed = false;
  if (state.position >= state.text.length) {
    const inner = leaf(state.position, state.position, NONE);
    state.error = { kind: 'label', position: state.position, inner, label: 'end of input' };
    return null;
  }
  const character = String.fromCodePoint(state.text.codePointAt(state.position) ?? 0);
  state.error = {
    kind: 'label',
    position: state.position,
    inner: { kind: 'message', position: state.position, unexpected: showCharacter(character, "'") },
    label: 'end of input',
  };
  return FAIL;
};

export function many<T>(parser: Parser<T>): Parser<T[]> {
  return state => {
    const values: T[] = [];
    for (;;) {
      const start = state.position;
      const value = parser(state);
      if (value === FAIL) {
        if (state.consumed) return FAIL;
        state.position = start;
        state.consumed = values.length > 0;
        return values;
      }
      values.push(value);
      if (state.position === start) return values;
    }
  };
}

/** As `many`, but what could have continued the last one counts too, as where Haskell's own `many` runs a parser. */
export function repeated<T>(parser: Parser<T>): Parser<T[]> {
  return state => {
    let last: ParseTrace | null = null;
    const values = many<T>(inner => {
      const value = parser(inner);
      if (value !== FAIL) last = inner.error;
      return value;
    })(state);
    if (values !== FAIL) state.error = merge(last, state.error);
    return values;
  };
}

export function option<T, D>(fallback: D, parser: Parser<T>): Parser<T | D> {
  return alt<T | D>(parser, pure(fallback));
}

export function optional<T>(parser: Parser<T>): Parser<T | null> {
  return option(null, parser);
}

export function sepBy1<T>(parser: Parser<T>, separator: Parser<unknown>): Parser<T[]> {
  const more = many(seq([separator, parser], (_separator, value) => value as T));
  return seq([parser, more], (first, others) => [first as T, ...(others as T[])]);
}

export function sepBy<T>(parser: Parser<T>, separator: Parser<unknown>): Parser<T[]> {
  return alt<T[]>(sepBy1(parser, separator), pure<T[]>([]));
}

export function map<T, U>(parser: Parser<T>, change: (value: T) => U): Parser<U> {
  return state => {
    const value = parser(state);
    return value === FAIL ? FAIL : change(value);
  };
}

export function between<T>(open: Parser<unknown>, close: Parser<unknown>, parser: Parser<T>): Parser<T> {
  return seq([open, parser, close], (_open, value) => value as T);
}

/** Defers a recursive reference and bounds how deep it may nest. */
export function nested<T>(parser: () => Parser<T>): Parser<T> {
  return state => {
    if (state.depth >= MAX_DEPTH) {
      state.error = {
        kind: 'message',
        position: state.position,
        unexpected: `nesting deeper than ${MAX_DEPTH} levels`,
      };
      state.consumed = true;
      return FAIL;
    }
    state.depth++;
    const value = parser()(state);
    state.depth--;
    return value;
  };
}

/** Blanks around a parser are skipped. */
export function lexeme<T>(parser: Parser<T>): Parser<T> {
  return seq([blanks, parser, blanks], (_before, value) => value as T);
}

const blanks = span(/[ \t]*/y, 0);

export function stateOf(text: string, quickUntil: number): State {
  return { text, quickUntil, position: 0, consumed: false, error: null, depth: 0 };
}

/** Runs a parser on the whole text; what follows the match is ignored, as in the reference. */
export function parse<T>(
  parser: Parser<T>,
  text: string,
): { readonly value: T } | { readonly refusal: Refusal } {
  const first = stateOf(text, Number.POSITIVE_INFINITY);
  const quick = parser(first);
  if (quick !== FAIL) return { value: quick };
  const state = stateOf(text, first.error?.position ?? 0);
  const slow = parser(state);
  if (slow !== FAIL) return { value: slow };
  return { refusal: describeRefusal(state.error, text, state.position) };
}
