/** Names of columns and relations, json paths, and the quoting they share. */
import {
  alt,
  anyChar,
  attempt,
  char,
  eof,
  label,
  lexeme,
  lookAhead,
  many,
  map,
  notFollowedBy,
  option,
  type Parser,
  pure,
  quick,
  repeated,
  sepBy1,
  seq,
  span,
  string,
} from './parsec.ts';
import type { Field, JsonOperation } from './types.ts';

/** `"any text with \" and \\ escaped"`. Taken in one run; what is left behind it is an escape that the text ends in. */
export const quotedValue: Parser<string> = seq(
  [
    char('"'),
    many(
      alt(
        map(span(/[^\\"]*(?:\\[\s\S][^\\"]*)+|[^\\"]+/y, 1), run => run.replace(/\\([\s\S])/g, '$1')),
        seq([char('\\'), anyChar], (_slash, escaped) => escaped),
      ),
    ),
    char('"'),
  ],
  (_open, runs) => runs.join(''),
);

/** Letters of any script, digits, `_`, `$` and inner blanks. */
export const identifier: Parser<string> = map(span(/[\p{L}0-9_ $]+/uy, 1, ['letter', 'digit']), text =>
  text.trim(),
);

const dash = attempt(seq([char('-'), notFollowedBy(char('>'))], () => '-'));

function dashed(part: Parser<string>): Parser<string> {
  return map(sepBy1(part, dash), parts => parts.join('-'));
}

export const fieldName: Parser<string> = label(
  alt(quotedValue, dashed(identifier)),
  'field name (* or [a..z0..9_$])',
);

export const delimiter: Parser<string> = label(char('.'), 'delimiter (.)');

const arrow: Parser<'->' | '->>'> = alt<'->' | '->>'>(
  attempt(map(string('->>'), () => '->>' as const)),
  attempt(map(string('->'), () => '->' as const)),
);

const keyName: Parser<string> = label(
  alt(quotedValue, dashed(map(span(/[^(\-:.,>)]+/y, 1), text => text.trim()))),
  'any non reserved character different from: .,>()',
);

const indexEnd = alt<unknown>(
  attempt(lookAhead(string('->'))),
  attempt(lookAhead(string('::'))),
  attempt(lookAhead(string('.'))),
  attempt(lookAhead(string(','))),
  attempt(eof),
);

const index = seq(
  [option('+', char('-')), span(/[0-9]+/y, 1, ['digit']), indexEnd],
  (sign, digits) => sign + digits,
);

const operand: Parser<JsonOperation['operand']> = alt<JsonOperation['operand']>(
  attempt(map(index, value => ({ kind: 'index' as const, value }))),
  attempt(map(keyName, value => ({ kind: 'key' as const, value }))),
);

const PLAIN_STEPS = /(?:->>?[A-Za-z_][A-Za-z0-9_]*)+(?=[,).]|::|$)/y;
const PLAIN_STEP = /(->>?)([A-Za-z0-9_]+)/g;

/** Keys that are words: one regex instead of a dozen attempts for each. */
const quickPath: Parser<JsonOperation[]> = quick(PLAIN_STEPS, ([steps]) =>
  Array.from(steps.matchAll(PLAIN_STEP), ([, which, value = '']) => ({
    arrow: which as '->' | '->>',
    operand: { kind: 'key' as const, value },
  })),
);

export const jsonPath: Parser<JsonOperation[]> = alt(
  quickPath,
  repeated(seq([arrow, operand], (which, what) => ({ arrow: which, operand: what }))),
);

export const field: Parser<Field> = lexeme(
  seq([fieldName, alt<JsonOperation[]>(jsonPath, pure([]))], (name, path) => ({ name, path })),
);

/** `clients.projects.name->key`: the embeds on the way, then the field. */
export const treePath: Parser<{ readonly path: readonly string[]; readonly field: Field }> = seq(
  [sepBy1(fieldName, delimiter), alt<JsonOperation[]>(jsonPath, pure([]))],
  (names, path) => ({ path: names.slice(0, -1), field: { name: names.at(-1) ?? '', path } }),
);

/** `columns=` and `on_conflict=`. */
export const columnList: Parser<string[]> = sepBy1(fieldName, lexeme(char(',')));
