/** ORDER BY and LIMIT. */
import { aggregateOf } from '../catalog/operators.ts';
import type { OrderItem, OrderOperand, Rows } from '../ir/select.ts';
import { callSql } from './call.ts';
import { joinSql, shown, whereSql } from './condition.ts';
import { type Scope, type SqlWriter, tableSql } from './writer.ts';

export const orderSql = {
  operand: operandSql,
  /** With what DISTINCT ON needs at its beginning. */
  clause(writer: SqlWriter, { orderBy, distinctOn }: Rows, scope: Scope): string {
    if (orderBy.length === 0) return '';
    void distinctOn;
    return ` order by ${orderBy.map(item => itemSql(writer, item, scope)).join(', ')}`;
  },
};

function itemSql(writer: SqlWriter, { operand, direction, nulls }: OrderItem, scope: Scope): string {
  return `${operandSql(writer, operand, scope)} ${direction}${nulls === null ? '' : ` nulls ${nulls}`}`;
}

function operandSql(writer: SqlWriter, operand: OrderOperand, scope: Scope): string {
  switch (operand.kind) {
    case 'column':
      return shown(writer, operand.shownIf, writer.column(scope.current, operand.column), scope);
    case 'call':
      return shown(writer, operand.shownIf, callSql(writer, operand.call, scope), scope);
    case 'through': {
      const alias = writer.alias('t');
      const inner: Scope = { current: alias, root: alias };
      const where = whereSql(
        writer,
        [joinSql(writer, operand.join, scope.current, alias), operand.where],
        inner,
      );
      return `(select ${operandSql(writer, operand.operand, inner)} from ${tableSql(operand.table)} ${alias}${where} limit 1)`;
    }
    case 'aggregate': {
      const alias = writer.alias('t');
      const inner: Scope = { current: alias, root: alias };
      const from =
        operand.from.kind === 'table'
          ? tableSql(operand.from.table)
          : operand.from.kind === 'call'
            ? callSql(writer, operand.from.call, scope)
            : '';
      const where = whereSql(
        writer,
        [operand.join.length > 0 ? joinSql(writer, operand.join, scope.current, alias) : '', operand.where],
        inner,
      );
      const argument = operand.column === null ? '*' : operandSql(writer, operand.column, inner);
      return `(select ${aggregateOf(operand.scalar, operand.fn)}(${argument}) from ${from} ${alias}${where})`;
    }
  }
}

export function limitSql(writer: SqlWriter, { limit, offset, withTies }: Rows, scope: Scope): string {
  const count = limit === null ? '' : writer.value(limit, scope);
  const limited =
    limit === null ? '' : withTies ? ` fetch first (${count}) rows with ties` : ` limit ${count}`;
  return `${limited}${offset === null ? '' : ` offset ${writer.value(offset, scope)}`}`;
}
