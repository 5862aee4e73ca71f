/** `order_by` and `distinct_on`. Pure. */
import { HasuraError, type Path } from '../errors.ts';
import type { OrderItem, OrderOperand } from '../ir/select.ts';
import { computedCall } from '../model/computedField.ts';
import type { TableModel } from '../model/types.ts';
import type { Input, InputField } from '../resolve/values.ts';
import type { PlanContext } from './context.ts';
import { itemsOf } from './values.ts';
import { filterOf } from './where.ts';

/** In the order in which they are written, members of one object too. */
export function planOrderBy(
  context: PlanContext,
  input: Input | undefined,
  table: TableModel,
): readonly OrderItem[] {
  return itemsOf(input).flatMap(item => planObject(context, item, table));
}

function planObject(context: PlanContext, input: Input, table: TableModel): OrderItem[] {
  return input.kind === 'object' ? input.fields.flatMap(field => planMember(context, field, table)) : [];
}

function planMember(context: PlanContext, { def, value }: InputField, table: TableModel): OrderItem[] {
  if (value.kind === 'null') return [];
  const { means } = def;
  const select = context.view.permissions(table).select;
  switch (means.kind) {
    case 'column': {
      const shownIf = select?.columns.get(means.column.name);
      return [directed({ kind: 'column', column: means.column.name, ...(shownIf && { shownIf }) }, value)];
    }
    case 'relationship': {
      const { relationship, table: target } = means;
      const where = filterOf(context, target);
      return planObject(context, value, target).map(item => ({
        ...item,
        operand: {
          kind: 'through',
          table: target.name,
          join: relationship.join,
          where,
          operand: item.operand,
        },
      }));
    }
    case 'relationshipAggregate': {
      const from = { kind: 'table', table: means.table.name } as const;
      return planAggregates(context, value, means.table).map(({ fn, column, direction }) =>
        directed(
          {
            kind: 'aggregate',
            from,
            join: means.relationship.join,
            where: filterOf(context, means.table),
            fn,
            column,
          },
          direction,
        ),
      );
    }
    case 'computedField': {
      const call = computedCall(means.field, []);
      if (means.table === null) {
        const shownIf = select?.computedFields.get(means.field.name);
        return [directed({ kind: 'call', call, ...(shownIf && { shownIf }) }, value)];
      }
      const where = filterOf(context, means.table);
      return planAggregates(context, value, means.table).map(({ fn, column, direction }) =>
        directed({ kind: 'aggregate', from: { kind: 'call', call }, join: [], where, fn, column }, direction),
      );
    }
    default:
      throw new TypeError(`${def.name} is no order`);
  }
}

interface OrderedAggregate {
  readonly fn: string;
  readonly column: OrderOperand | null;
  readonly direction: Input;
}

function planAggregates(context: PlanContext, input: Input, table: TableModel): OrderedAggregate[] {
  if (input.kind !== 'object') return [];
  const shown = context.view.permissions(table).select?.columns;
  return input.fields.flatMap(({ def, value }): OrderedAggregate[] => {
    if (value.kind === 'null') return [];
    if (def.means.kind === 'count') return [{ fn: 'count', column: null, direction: value }];
    if (def.means.kind !== 'aggregateOperator' || value.kind !== 'object') return [];
    const { fn } = def.means;
    return value.fields.flatMap(field => {
      if (field.value.kind === 'null' || field.def.means.kind !== 'column') return [];
      const column = field.def.means.column.name;
      const shownIf = shown?.get(column);
      return [
        {
          fn,
          column: { kind: 'column', column, ...(shownIf && { shownIf }) } as const,
          direction: field.value,
        },
      ];
    });
  });
}

function directed(operand: OrderOperand, input: Input): OrderItem {
  const [direction, , nulls] = (input.kind === 'enum' ? input.value : 'asc').split('_') as [
    'asc' | 'desc',
    string?,
    ('first' | 'last')?,
  ];
  return { operand, direction, nulls: nulls ?? null };
}

/** The columns of `distinct_on`. @throws {HasuraError} when they are not those that the rows are first ordered by */
export function planDistinctOn(
  context: PlanContext,
  input: Input | undefined,
  table: TableModel,
  orderBy: readonly OrderItem[],
  path: Path,
): readonly OrderOperand[] {
  const columns = itemsOf(input).flatMap(item => (item.kind === 'enum' ? [item.value] : []));
  if (columns.length > 0 && orderBy.length > 0) {
    const first = orderBy
      .slice(0, columns.length)
      .flatMap(({ operand }) => (operand.kind === 'column' ? [operand.column] : []));
    if (first.length !== columns.length || !columns.every(column => first.includes(column)))
      throw new HasuraError(
        'validation-failed',
        '"distinct_on" columns must match initial "order_by" columns',
        { path },
      );
  }
  const shown = context.view.permissions(table).select?.columns;
  return columns.map(column => {
    const shownIf = shown?.get(column);
    return { kind: 'column', column, ...(shownIf && { shownIf }) };
  });
}
