/** Operators of horizontal filters, and trees of them under `and` and `or`. */
import { delimiter, field, fieldName, identifier, quotedValue } from './names.ts';
import {
  alt,
  attempt,
  between,
  char,
  eof,
  FAIL,
  type Fail,
  label,
  lexeme,
  map,
  nested,
  noneOf,
  notFollowedBy,
  optional,
  type Parser,
  pure,
  quick,
  rest,
  satisfy,
  sepBy1,
  seq,
  span,
  string,
} from './parsec.ts';
import type {
  FtsOperator,
  IsValue,
  LogicTree,
  OpExpr,
  Operation,
  QuantOperator,
  SimpleOperator,
} from './types.ts';

const SIMPLE: readonly SimpleOperator[] = ['neq', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj'];
/** Longer names stand before their prefixes. */
const QUANTIFIED: readonly QuantOperator[] = [
  'eq',
  'gte',
  'gt',
  'lte',
  'lt',
  'like',
  'ilike',
  'match',
  'imatch',
];
const FTS: readonly FtsOperator[] = ['fts', 'plfts', 'phfts', 'wfts'];
const IS: readonly IsValue[] = ['null', 'not_null', 'true', 'false', 'unknown'];

function oneOfNames<N extends string>(names: readonly N[]): Parser<N> {
  return alt<N>(...names.map(name => attempt(map(string(name), () => name))));
}

const simpleOperator = label(oneOfNames(SIMPLE), 'unknown single value operator');
const quantOperator = label(oneOfNames(QUANTIFIED), 'unknown single value operator');
const ftsOperator = oneOfNames(FTS);

const listEnd = notFollowedBy(noneOf(',)'));
const unquoted = span(/[^,)]*/y, 0);

const listElement: Parser<string> = alt(attempt(seq([quotedValue, listEnd], value => value)), unquoted);

const PLAIN_LIST = /[ \t]*\([ \t]*([^")]*)\)[ \t]*/y;

/** `(1,"two, three",4)`. */
const listValue: Parser<string[]> = alt(
  quick(PLAIN_LIST, ([, elements = '']) => elements.split(',')),
  between(lexeme(char('(')), lexeme(char(')')), sepBy1(listElement, char(','))),
);

/** Either case, character by character. */
function anyCase(word: string): Parser<string> {
  const characters = [...word].map(lower => {
    const upper = lower.toUpperCase();
    return satisfy(character => character === lower || character === upper);
  });
  return seq(characters, () => word);
}

const isValue: Parser<IsValue> = label(
  alt<IsValue>(...IS.map(word => attempt(map(anyCase(word), () => word)))),
  'isVal: (null, not_null, true, false, unknown)',
);

const quantifier = attempt(
  between(
    char('('),
    char(')'),
    alt<'any' | 'all'>(
      attempt(map(string('any'), () => 'any' as const)),
      map(string('all'), () => 'all' as const),
    ),
  ),
);

const language = attempt(between(char('('), char(')'), identifier));

const negation = alt(attempt(seq([string('not'), delimiter], () => true)), pure(false));

/** `gt(col).cost`: what the reference refuses, so that no filter of its own changes its meaning. */
function columnOperation(end: Parser<unknown>): Parser<Operation> {
  const operator = oneOfNames<Extract<Operation, { kind: 'column' }>['operator']>([
    'isdistinct',
    ...SIMPLE,
    ...QUANTIFIED,
  ]);
  return attempt(
    seq(
      [operator, string('(col)'), delimiter, field, end],
      (which, _col, _dot, column): Operation => ({ kind: 'column', operator: which, column }),
    ),
  );
}

function operation(value: Parser<string>, columns: Parser<Operation> | null): Parser<Operation> {
  const inList = seq(
    [attempt(seq([string('in'), delimiter], () => null)), listValue],
    (_in, values): Operation => ({ kind: 'in', values }),
  );
  const is = seq(
    [attempt(seq([string('is'), delimiter], () => null)), isValue],
    (_is, what): Operation => ({ kind: 'is', value: what }),
  );
  const isDistinct = seq(
    [attempt(seq([string('isdistinct'), delimiter], () => null)), value],
    (_is, text): Operation => ({ kind: 'isdistinct', value: text }),
  );
  const fts = seq(
    [ftsOperator, optional(language), delimiter, value],
    (operator, of, _dot, text): Operation => ({ kind: 'fts', operator, language: of, value: text }),
  );
  const simple = seq(
    [simpleOperator, delimiter, value],
    (operator, _dot, text): Operation => ({ kind: 'simple', operator, value: text }),
  );
  const quantified = seq(
    [quantOperator, optional(quantifier), delimiter, value],
    (operator, which, _dot, text): Operation => ({
      kind: 'quantified',
      operator,
      quantifier: which,
      value: text,
    }),
  );
  const values = [inList, is, isDistinct, attempt(fts), attempt(simple), attempt(quantified)];
  return label(alt<Operation>(...(columns ? [columns, ...values] : values)), 'operator (eq, gt, ...)');
}

const QUICK = /(not\.)?([a-z]+)\.([\s\S]*)$/y;
const simpleNames: ReadonlySet<string> = new Set(SIMPLE);
const quantNames: ReadonlySet<string> = new Set(QUANTIFIED);

/** A plain `operator.value` without quantifier is nearly every filter there is: one regex instead of twenty attempts. */
const quickExpression: Parser<OpExpr> = quick(QUICK, ([, not, name = '', value = '']) =>
  plainExpression(not !== undefined, name, value),
);

function plainExpression(negated: boolean, name: string, value: string): OpExpr | Fail {
  if (quantNames.has(name)) {
    const operator = name as QuantOperator;
    return { negated, operation: { kind: 'quantified', operator, quantifier: null, value } };
  }
  if (!simpleNames.has(name)) return FAIL;
  return { negated, operation: { kind: 'simple', operator: name as SimpleOperator, value } };
}

const QUICK_IN_TREE = /([A-Za-z0-9_]+)\.(not\.)?([a-z]+)\.([^,()"{}]*)(?=[,)])/y;

/** The same inside of a tree, with the column's name. */
const quickLogicFilter: Parser<LogicTree> = quick(
  QUICK_IN_TREE,
  ([, name = '', not, operator = '', value = '']) => {
    const found = plainExpression(not !== undefined, operator, value);
    if (found === FAIL) return FAIL;
    return { kind: 'filter', filter: { field: { name, path: [] }, expression: found } };
  },
);

function expression(value: Parser<string>, columns: Parser<Operation> | null): Parser<OpExpr> {
  return seq([negation, operation(value, columns)], (negated, found) => ({ negated, operation: found }));
}

const arrayLiteral = seq(
  [string('{'), span(/[^{}]*/y, 0), string('}')],
  (open, inner, close) => open + inner + close,
);

const logicValue: Parser<string> = alt(
  attempt(seq([quotedValue, listEnd], value => value)),
  attempt(arrayLiteral),
  unquoted,
);

const logicOperator: Parser<'and' | 'or'> = label(
  alt<'and' | 'or'>(
    attempt(map(string('and'), () => 'and' as const)),
    map(string('or'), () => 'or' as const),
  ),
  'logic operator (and, or)',
);

export interface FilterParsers {
  /** The value of a filter parameter: `not.eq.5`, `in.(1,2)`, `like(any).{a*,b*}`. */
  readonly filterExpression: Parser<OpExpr>;
  /** The same, where a value without an operator is a function's argument (null). */
  readonly filterOrArgument: Parser<OpExpr | null>;
  /** `and(a.eq.1,not.or(b.eq.2,c.is.null))`. */
  readonly logicTree: Parser<LogicTree>;
}

function filterParsers(comparesColumns: boolean): FilterParsers {
  const filterExpression = alt(
    quickExpression,
    expression(rest, comparesColumns ? columnOperation(eof) : null),
  );
  const inTree = expression(logicValue, comparesColumns ? columnOperation(listEnd) : null);
  const logicFilter: Parser<LogicTree> = seq(
    [field, delimiter, inTree],
    (of, _dot, what): LogicTree => ({ kind: 'filter', filter: { field: of, expression: what } }),
  );
  const logicTree: Parser<LogicTree> = alt<LogicTree>(
    quickLogicFilter,
    attempt(logicFilter),
    seq(
      [
        label(negation, 'negation operator (not)'),
        logicOperator,
        lexeme(char('(')),
        sepBy1(
          nested(() => logicTree),
          lexeme(char(',')),
        ),
        lexeme(char(')')),
      ],
      (negated, operator, _open, trees): LogicTree => ({ kind: 'logic', negated, operator, trees }),
    ),
  );
  return {
    filterExpression,
    filterOrArgument: alt<OpExpr | null>(filterExpression, pure(null)),
    logicTree,
  };
}

/** Filters as the reference has them. */
export const plainFilters: FilterParsers = filterParsers(false);

/** Filters that may also compare columns. */
export const columnFilters: FilterParsers = filterParsers(true);

/** `clients.not.or`: the embed the tree belongs to, and its outermost operator with its negation. */
export const logicPath: Parser<{ readonly path: readonly string[]; readonly operator: string }> = map(
  sepBy1(fieldName, delimiter),
  names => {
    const operator = names.at(-1) ?? '';
    return {
      path: names.slice(0, -1).filter(name => name !== 'not'),
      operator: names.includes('not') ? `not.${operator}` : operator,
    };
  },
);
