/** Conditions as SQL. */
import { quoteIdentifier } from '@peakstone/kernel/pg';
import { operatorIn, schemaOf } from '../catalog/operators.ts';
import type { AggregatePredicate, BoolExp, Join, Operand } from '../ir/boolExp.ts';
import { operators } from '../ir/operators.ts';
import { callSql } from './call.ts';
import { type Scope, type SqlWriter, tableSql } from './writer.ts';

/** Null for one that always holds. */
export function whereSql(writer: SqlWriter, parts: readonly (BoolExp | string)[], scope: Scope): string {
  const texts = parts
    .filter(part => typeof part === 'string' || !(part.kind === 'constant' && part.value))
    .map(part => (typeof part === 'string' ? part : conditionSql(writer, part, scope)))
    .filter(text => text !== '');
  return texts.length === 0 ? '' : ` where ${texts.join(' and ')}`;
}

export function conditionSql(writer: SqlWriter, exp: BoolExp, scope: Scope): string {
  switch (exp.kind) {
    case 'constant':
      return exp.value ? 'true' : 'false';
    case 'and':
    case 'or':
      return `(${exp.all.map(each => conditionSql(writer, each, scope)).join(` ${exp.kind} `)})`;
    case 'not':
      return `(not ${conditionSql(writer, exp.exp, scope)})`;
    case 'isNull':
      return `(${operandSql(writer, exp.operand, scope)} is ${exp.isNull ? '' : 'not '}null)`;
    case 'compare': {
      const left = operandSql(writer, exp.operand, scope);
      const right = writer.value(exp.value, scope);
      const more = (exp.more ?? []).map(value => writer.value(value, scope)).join(', ');
      return `(${operators[exp.operator].sql(schemaOf(exp.operand.scalar), left, right, more)})`;
    }
    case 'exists': {
      const alias = writer.alias('t');
      const inner = { current: alias, root: scope.root };
      const where = whereSql(writer, [joinSql(writer, exp.join, scope.current, alias), exp.where], inner);
      return `exists (select 1 from ${tableSql(exp.table)} ${alias}${where})`;
    }
    case 'existsInCall': {
      const alias = writer.alias('t');
      const where = whereSql(writer, [exp.where], { current: alias, root: alias });
      return `exists (select 1 from ${callSql(writer, exp.call, scope)} ${alias}${where})`;
    }
    case 'aggregate':
      return aggregateSql(writer, exp, scope);
  }
}

/** `t$2."author_id" operator(pg_catalog.=) t$1."id"` */
export function joinSql(writer: SqlWriter, join: Join, here: string, there: string): string {
  return join
    .map(
      ([own, other, schema]) =>
        `${writer.column(there, other)} ${operatorIn(schema, '=')} ${writer.column(here, own)}`,
    )
    .join(' and ');
}

function aggregateSql(writer: SqlWriter, exp: AggregatePredicate, scope: Scope): string {
  const alias = writer.alias('t');
  const inner = { current: alias, root: scope.root };
  const columns = exp.columns.map(({ column, shownIf }) =>
    shown(writer, shownIf, writer.column(alias, column), inner),
  );
  const operand = columns.length === 0 ? '*' : columns.length === 1 ? columns[0]! : `(${columns.join(', ')})`;
  const aggregated = `pg_catalog.${exp.fn}(${exp.isDistinct && columns.length > 0 ? 'distinct ' : ''}${operand})`;
  const result = writer.alias('a');
  const where = whereSql(
    writer,
    [joinSql(writer, exp.join, scope.current, alias), exp.where, exp.filter],
    inner,
  );
  const predicate = conditionSql(writer, exp.predicate, { current: result, root: scope.root });
  return `exists (select 1 from (select ${aggregated} as "aggregate" from ${tableSql(exp.table)} ${alias}${where}) ${result} where ${predicate})`;
}

export function operandSql(writer: SqlWriter, operand: Operand, scope: Scope): string {
  switch (operand.kind) {
    case 'column':
      return shown(writer, operand.shownIf, writer.column(scope.current, operand.column), scope);
    case 'call':
      return shown(writer, operand.shownIf, callSql(writer, operand.call, scope), scope);
    case 'cast': {
      const inner = operandSql(writer, operand.operand, scope);
      return `(${inner})::${operand.scalar.sql}`;
    }
    case 'aggregate':
      return `${scope.current}.${quoteIdentifier('aggregate')}`;
  }
}

/** Null in rows in which the role may not see it. */
export function shown(writer: SqlWriter, condition: BoolExp | undefined, text: string, scope: Scope): string {
  return condition
    ? `case when ${conditionSql(writer, condition, { ...scope, root: scope.current })} then ${text} end`
    : text;
}
