/** `order_by` and `distinct_on`. Pure. */
import { type Scalar, scalarOf } from '../catalog/scalars.ts';
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
  return planOrderTerms(context, input, table).map(({ item }) => item);
}

/** One order, with what a cursor calls it, and the type of its values. */
export interface OrderTerm {
  readonly item: OrderItem;
  readonly path: readonly string[];
  readonly scalar: Scalar;
}

export function planOrderTerms(
  context: PlanContext,
  input: Input | undefined,
  table: TableModel,
): readonly OrderTerm[] {
  return itemsOf(input).flatMap(item => planObject(context, item, table));
}

function planObject(context: PlanContext, input: Input, table: TableModel): OrderTerm[] {
  return input.kind === 'object' ? input.fields.flatMap(field => planMember(context, field, table)) : [];
}

function planMember(context: PlanContext, { def, value }: InputField, table: TableModel): OrderTerm[] {
  if (value.kind === 'null') return [];
  const { means } = def;
  const select = context.view.permissions(table).select;
  switch (means.kind) {
    case 'column': {
      const shownIf = select?.columns.get(means.column.name);
      const { name, scalar } = means.column;
      const item = directed({ kind: 'column', column: name, ...(shownIf && { shownIf }) }, value);
      return [{ item, path: [name], scalar }];
    }
    case 'relationship': {
      const { relationship, table: target } = means;
      const where = filterOf(context, target);
      return planObject(context, value, target).map(({ item, path, scalar }) => ({
        item: {
          ...item,
          operand: {
            kind: 'through',
            table: target.name,
            join: relationship.join,
            where,
            operand: item.operand,
          },
        },
        path: [relationship.name, ...path],
        scalar,
      }));
    }
    case 'relationshipAggregate': {
      const from = { kind: 'table', table: means.table.name } as const;
      const { name, join } = means.relationship;
      const where = filterOf(context, means.table);
      return planAggregates(context, value, means.table).map(
        ({ fn, column, of, direction, path, scalar }) => ({
          item: directed({ kind: 'aggregate', from, join, where, fn, column, scalar: of }, direction),
          path: [`${name}_aggregate`, ...path],
          scalar,
        }),
      );
    }
    case 'computedField': {
      const call = computedCall(means.field, []);
      if (means.table === null) {
        const shownIf = select?.computedFields.get(means.field.name);
        const scalar = means.field.returns.kind === 'scalar' ? means.field.returns.scalar : scalarOf('text');
        const item = directed({ kind: 'call', call, ...(shownIf && { shownIf }) }, value);
        return [{ item, path: [means.field.name], scalar }];
      }
      const where = filterOf(context, means.table);
      const from = { kind: 'call', call } as const;
      return planAggregates(context, value, means.table).map(
        ({ fn, column, of, direction, path, scalar }) => ({
          item: directed({ kind: 'aggregate', from, join: [], where, fn, column, scalar: of }, direction),
          path: [`${means.field.name}_aggregate`, ...path],
          scalar,
        }),
      );
    }
    default:
      throw new TypeError(`${def.name} is no order`);
  }
}

interface OrderedAggregate {
  readonly fn: string;
  readonly column: OrderOperand | null;
  /** The column's type. */
  readonly of: Scalar;
  readonly direction: Input;
  readonly path: readonly string[];
  readonly scalar: Scalar;
}

/** Of extremes, the column's own type; a number of any size of all else. */
const extremes: ReadonlySet<string> = new Set(['max', 'min']);

function planAggregates(context: PlanContext, input: Input, table: TableModel): OrderedAggregate[] {
  if (input.kind !== 'object') return [];
  const shown = context.view.permissions(table).select?.columns;
  return input.fields.flatMap(({ def, value }): OrderedAggregate[] => {
    if (value.kind === 'null') return [];
    if (def.means.kind === 'count') {
      const scalar = scalarOf('bigint');
      return [{ fn: 'count', column: null, of: scalar, direction: value, path: ['count'], scalar }];
    }
    if (def.means.kind !== 'aggregateOperator' || value.kind !== 'object') return [];
    const { fn } = def.means;
    return value.fields.flatMap(field => {
      if (field.value.kind === 'null' || field.def.means.kind !== 'column') return [];
      const { name: column, scalar } = field.def.means.column;
      const shownIf = shown?.get(column);
      return [
        {
          fn,
          column: { kind: 'column', column, ...(shownIf && { shownIf }) } as const,
          of: scalar,
          direction: field.value,
          path: [fn, column],
          scalar: extremes.has(fn) ? scalar : scalarOf('numeric'),
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
  const named = itemsOf(input).flatMap(item => (item.kind === 'enum' ? [item.value] : []));
  const columns = [...new Set(named)];
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
