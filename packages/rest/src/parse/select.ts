/** `select=`: fields, casts, aggregates, embeds and spreads. */
import { field, fieldName, identifier } from './names.ts';
import {
  alt,
  attempt,
  between,
  char,
  eof,
  FAIL,
  lexeme,
  lookAhead,
  map,
  nested,
  notFollowedBy,
  optional,
  type Parser,
  pure,
  quick,
  sepBy,
  seq,
  string,
} from './parsec.ts';
import type { AggregateFunction, JoinType, SelectField, SelectItem, SelectRelation } from './types.ts';

const alias = optional(attempt(seq([fieldName, char(':'), notFollowedBy(char(':'))], name => name)));
const cast = optional(seq([string('::'), identifier], (_colons, type) => type));

type EmbedParam = { readonly joinType: JoinType } | { readonly hint: string };

const embedParam: Parser<EmbedParam> = seq(
  [
    char('!'),
    alt<EmbedParam>(
      attempt(map(string('left'), () => ({ joinType: 'left' as const }))),
      attempt(map(string('inner'), () => ({ joinType: 'inner' as const }))),
      attempt(map(fieldName, hint => ({ hint }))),
    ),
  ],
  (_mark, param) => param,
);

/** Up to two of a hint and a join type, in any order; the first of each kind counts. */
const embedParams = seq([optional(embedParam), optional(embedParam)], (first, second) => {
  let hint: string | null = null;
  let joinType: JoinType | null = null;
  for (const param of [first, second]) {
    if (param === null) continue;
    if ('hint' in param) hint ??= param.hint;
    else joinType ??= param.joinType;
  }
  return { hint, joinType };
});

const opening = attempt(lookAhead(string('(')));

type Head = Omit<SelectRelation, 'select'>;

const spreadHead: Parser<Head> = lexeme(
  seq([string('...'), fieldName, embedParams, opening], (_dots, relation, params) => ({
    kind: 'relation' as const,
    relation,
    alias: null,
    spread: true,
    ...params,
  })),
);

/** `count` is no relation: `count()` is the aggregate. */
const relationName = seq([fieldName], name => (name === 'count' ? FAIL : name));

const relationHead: Parser<Head> = lexeme(
  seq([alias, relationName, embedParams, opening], (as, relation, params) => ({
    kind: 'relation' as const,
    relation,
    alias: as,
    spread: false,
    ...params,
  })),
);

const fieldEnd = alt<unknown>(attempt(lookAhead(string(')'))), attempt(lookAhead(string(','))), attempt(eof));

const aggregate: Parser<AggregateFunction> = alt<AggregateFunction>(
  map(string('sum'), () => 'sum' as const),
  map(string('avg'), () => 'avg' as const),
  map(string('count'), () => 'count' as const),
  attempt(map(string('max'), () => 'max' as const)),
  attempt(map(string('min'), () => 'min' as const)),
);

function plain(name: string): SelectField {
  return {
    kind: 'field',
    field: { name, path: [] },
    aggregate: null,
    aggregateCast: null,
    cast: null,
    alias: null,
  };
}

const selectField: Parser<SelectField> = lexeme(
  alt<SelectField>(
    attempt(seq([string('*'), fieldEnd], star => plain(star))),
    attempt(
      seq([alias, string('count()'), cast, fieldEnd], (as, _count, aggregateCast) => ({
        ...plain('*'),
        aggregate: 'count' as const,
        aggregateCast,
        alias: as,
      })),
    ),
    seq(
      [
        alias,
        field,
        cast,
        optional(attempt(seq([char('.'), aggregate, string('()')], (_dot, name) => name))),
        cast,
        fieldEnd,
      ],
      (as, of, castAs, name, aggregateCast) => ({
        kind: 'field' as const,
        field: of,
        aggregate: name,
        aggregateCast,
        cast: castAs,
        alias: as,
      }),
    ),
  ),
);

const PLAIN_FIELD = /(?:\*|[A-Za-z0-9_$]+)(?=[,)]|$)/y;

/** Most fields are a bare name; taking those by one regex halves the time of parsing. */
const quickField: Parser<SelectItem> = quick(PLAIN_FIELD, ([name]) => plain(name));

const children: Parser<SelectItem[]> = between(
  char('('),
  char(')'),
  nested(() => selectForest),
);

function withChildren(head: Parser<Head>): Parser<SelectItem> {
  return seq([attempt(head), children], (relation, select) => ({ ...relation, select }));
}

const selectItem: Parser<SelectItem> = alt<SelectItem>(
  quickField,
  withChildren(spreadHead),
  withChildren(relationHead),
  seq([selectField, pure(null)], item => item),
);

/** The whole of `select=`; empty text selects nothing. */
export const selectForest: Parser<SelectItem[]> = sepBy(selectItem, lexeme(char(',')));
