/** Filters, logic trees, order and limit as SQL. */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import { arrayLiteral } from '@peakstone/kernel/pg';
import { isAllRows, rangeLimit } from '../parse/range.ts';
import type { FtsOperator, IsValue, OpExpr, QuantOperator, Range, SimpleOperator } from '../parse/types.ts';
import type { Condition, JoinCondition, ResolvedField, ResolvedOrder } from '../plan/types.ts';
import { column, type Parameters, qualified, quote } from './writer.ts';

const SIMPLE: Readonly<Record<SimpleOperator, string>> = {
  neq: '<>',
  cs: '@>',
  cd: '<@',
  ov: '&&',
  sl: '<<',
  sr: '>>',
  nxr: '&<',
  nxl: '&>',
  adj: '-|-',
};

const QUANTIFIED: Readonly<Record<QuantOperator, string>> = {
  eq: '=',
  gte: '>=',
  gt: '>',
  lte: '<=',
  lt: '<',
  like: 'like',
  ilike: 'ilike',
  match: '~',
  imatch: '~*',
};

const OPERATORS: Readonly<Record<SimpleOperator | QuantOperator, string>> = { ...SIMPLE, ...QUANTIFIED };

const FTS: Readonly<Record<FtsOperator, string>> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
};

/** IS takes no parameters, so its operands are words of a closed list. */
const IS: Readonly<Record<IsValue, string>> = {
  null: 'NULL',
  not_null: 'NOT NULL',
  true: 'TRUE',
  false: 'FALSE',
  unknown: 'UNKNOWN',
};

/** A field's value in a relation, json path and `to_tsvector` included; representations are left to the caller. */
export function fieldSql(table: QualifiedName, field: ResolvedField, params: Parameters): string {
  if (field.tsvector) {
    return `to_tsvector(${language(field.tsvector.language, params)}${plainField(table, field, params)})`;
  }
  return plainField(table, field, params);
}

function plainField(table: QualifiedName, field: ResolvedField, params: Parameters): string {
  if (field.fullRow) return quote(table.name);
  const base = column(table, field.name);
  if (field.path.length === 0) return base;
  const path = field.path.map(({ arrow, operand }) => `${arrow}${params.step(operand)}`);
  return `${field.toJson ? `to_jsonb(${base})` : base}${path.join('')}`;
}

function language(name: string | null, params: Parameters): string {
  return name === null ? '' : `${params.add(name)}, `;
}

/** A null check on an embed as a subquery of its own; null where it goes to the alias under which the embed is joined. */
type NullEmbed = (embed: string, isNull: boolean) => string | null;

const ofJoin = (embed: string, isNull: boolean): string =>
  `${quote(embed)} IS ${isNull ? 'NOT DISTINCT' : 'DISTINCT'} FROM NULL`;

export function conditionSql(
  table: QualifiedName,
  condition: Condition,
  params: Parameters,
  nullEmbed: NullEmbed = () => null,
): string {
  switch (condition.kind) {
    case 'filter':
      return filterSql(table, condition.field, condition.expression, params);
    case 'columns': {
      const { negated, left, operator, right } = condition;
      const sign = operator === 'isdistinct' ? 'IS DISTINCT FROM' : OPERATORS[operator];
      const [from, to] = [fieldSql(table, left, params), fieldSql(table, right, params)];
      // An arrow binds no tighter than most of the operators.
      return `${negated ? 'NOT ' : ''}${from} ${sign} ${right.path.length === 0 ? to : `(${to})`}`;
    }
    case 'nullEmbed':
      return nullEmbed(condition.embed, condition.isNull) ?? ofJoin(condition.embed, condition.isNull);
    case 'logic': {
      const glue = condition.operator === 'and' ? ' AND ' : ' OR ';
      const parts = condition.conditions.map(each => conditionSql(table, each, params, nullEmbed));
      return `${condition.negated ? 'NOT ' : ''}(${parts.join(glue)})`;
    }
  }
}

function filterSql(
  table: QualifiedName,
  field: ResolvedField,
  { negated, operation }: OpExpr,
  params: Parameters,
): string {
  const left = `${negated ? 'NOT ' : ''}${fieldSql(table, field, params)}`;
  const converted = (placeholder: string): string =>
    field.transform ? `${qualified(field.transform)}(${placeholder})` : placeholder;
  switch (operation.kind) {
    case 'simple':
      return `${left} ${SIMPLE[operation.operator]} ${converted(params.add(operation.value))}`;
    case 'quantified': {
      const { operator, quantifier, value } = operation;
      const isPattern = operator === 'like' || operator === 'ilike';
      const right = isPattern
        ? params.add(value.includes('*') ? value.replaceAll('*', '%') : value)
        : converted(params.add(value));
      const quantified = quantifier === null ? right : `${quantifier === 'any' ? 'ANY' : 'ALL'}(${right})`;
      return `${left} ${QUANTIFIED[operator]} ${quantified}`;
    }
    case 'in': {
      // ANY takes an empty list, and one parameter whatever the length, so that statements stay the same.
      const [only] = operation.values;
      const isEmpty = operation.values.length === 1 && only === '';
      const list = params.add(isEmpty ? '{}' : arrayLiteral(operation.values));
      return field.transform && !isEmpty
        ? `${left} = ANY (SELECT ${qualified(field.transform)}(unnest(${list}::text[])))`
        : `${left} = ANY (${list})`;
    }
    case 'is':
      return `${left} IS ${IS[operation.value]}`;
    case 'isdistinct':
      return `${left} IS DISTINCT FROM ${params.add(operation.value)}`;
    case 'column':
      throw new Error('A comparison of columns is resolved to a condition of its own');
    case 'fts':
      return `${left} @@ ${FTS[operation.operator]}(${language(operation.language, params)}${params.add(operation.value)})`;
  }
}

export function joinSql({ left, leftColumn, right, rightColumn }: JoinCondition): string {
  return `${column(left, leftColumn)} = ${column(right, rightColumn)}`;
}

/** ` ORDER BY …`, or nothing. */
export function orderSql(table: QualifiedName, terms: readonly ResolvedOrder[], params: Parameters): string {
  if (terms.length === 0) return '';
  const parts = terms.map(({ embed, field, direction, nulls }) => {
    const source = embed === null ? table : { schema: '', name: embed };
    const way = direction === null ? '' : direction === 'asc' ? ' ASC' : ' DESC';
    const where = nulls === null ? '' : nulls === 'nullsfirst' ? ' NULLS FIRST' : ' NULLS LAST';
    return `${fieldSql(source, field, params)}${way}${where}`;
  });
  return ` ORDER BY ${parts.join(', ')}`;
}

/** ` LIMIT $1 OFFSET $2`, or nothing. Parameters, so that paging reuses one statement. */
export function rangeSql(range: Range, params: Parameters): string {
  if (isAllRows(range)) return '';
  const limit = rangeLimit(range);
  const rows = limit === null ? '' : ` LIMIT ${params.add(String(limit))}`;
  return range.lower === 0 ? rows : `${rows} OFFSET ${params.add(String(range.lower))}`;
}
