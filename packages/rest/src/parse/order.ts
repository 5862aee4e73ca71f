/** `order=`: fields with directions, and columns of to-one embeds. */
import { delimiter, field, fieldName } from './names.ts';
import {
  alt,
  attempt,
  between,
  char,
  eof,
  lexeme,
  lookAhead,
  map,
  optional,
  type Parser,
  sepBy1,
  seq,
  string,
} from './parsec.ts';
import type { OrderDirection, OrderNulls, OrderTerm } from './types.ts';

function afterDot<T extends string>(word: T): Parser<T> {
  return attempt(seq([delimiter, string(word)], () => word));
}

const direction = optional(alt<OrderDirection>(afterDot('asc'), afterDot('desc')));
const nulls = optional(alt<OrderNulls>(afterDot('nullsfirst'), afterDot('nullslast')));
const termEnd = alt<unknown>(attempt(lookAhead(char(','))), attempt(eof));
const tail = seq([direction, nulls, termEnd], (which, where) => ({ direction: which, nulls: where }));

const relationTerm: Parser<OrderTerm> = seq(
  [fieldName, between(char('('), char(')'), field), tail],
  (relation, of, rest) => ({ relation, field: of, ...rest }),
);

const fieldTerm: Parser<OrderTerm> = seq([field, tail], (of, rest) => ({
  relation: null,
  field: of,
  ...rest,
}));

export const orderTerms: Parser<OrderTerm[]> = map(
  sepBy1(lexeme(alt(attempt(relationTerm), fieldTerm)), char(',')),
  terms => terms,
);
