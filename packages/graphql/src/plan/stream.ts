/** `t_stream`: the rows beyond a cursor, as many as a batch holds and those that tie with the last. Pure. */
import { scalarOf } from '../catalog/scalars.ts';
import { HasuraError } from '../errors.ts';
import { allOf } from '../ir/boolExp.ts';
import type { ReadRoot } from '../ir/select.ts';
import type { Value } from '../ir/value.ts';
import type { ColumnModel, TableModel } from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import type { PlanContext } from './context.ts';
import { limited, planFields } from './select.ts';
import { itemsOf, toValue } from './values.ts';
import { filterOf, planWhere } from './where.ts';

/** @throws {HasuraError} for another number of columns than one */
export function planStream(context: PlanContext, field: ResolvedField, table: TableModel): ReadRoot {
  const { args, path } = field;
  const { column, initial, direction } = readCursor(args.cursor, [...path, 'args', 'cursor']);
  const select = context.view.permissions(table).select;
  const shownIf = select?.columns.get(column.name);
  const operand = {
    kind: 'column',
    column: column.name,
    scalar: column.scalar,
    ...(shownIf && { shownIf }),
  } as const;
  const cursor = cursorValue(initial, column);
  const rows = limited(
    {
      from: { kind: 'table', table: table.name },
      where: allOf([
        filterOf(context, table),
        planWhere(context, args.where, table),
        // What is null is beyond no cursor.
        { kind: 'compare', operand, operator: direction === 'asc' ? '_gt' : '_lt', value: cursor },
      ]),
      orderBy: [{ operand, direction, nulls: null }],
      distinctOn: [],
      limit: toValue((args.batch_size ?? args.batchSize)!, scalarOf('bigint')),
      offset: null,
      withTies: true,
    },
    select?.limit ?? null,
  );
  return {
    kind: 'stream',
    select: { rows, fields: planFields(context, field.selection, table) },
    cursor: { operand, value: cursor },
  };
}

/** The value that the client begins with, and later that of the last row it got. */
function cursorValue(initial: Input, column: ColumnModel): Value {
  const value = toValue(initial, column.scalar);
  if (value.kind !== 'param') throw new TypeError('A cursor begins with a value');
  return { ...value, source: { kind: 'cursor', initial: value.source } };
}

function readCursor(input: Input | undefined, path: ResolvedField['path']) {
  const [item, ...others] = itemsOf(input).filter(({ kind }) => kind !== 'null');
  if (item?.kind !== 'object')
    throw new HasuraError('validation-failed', 'one streaming column field is expected', { path });
  const members = new Map(item.fields.map(({ def, value }) => [def.name, value]));
  const values = members.get('initial_value') ?? members.get('initialValue');
  const columns = values?.kind === 'object' ? values.fields : [];
  if (others.length > 0 || columns.length > 1)
    throw new HasuraError('validation-failed', 'multiple column cursors are not supported yet', { path });
  const [first] = columns;
  if (first?.def.means.kind !== 'column')
    throw new HasuraError('validation-failed', 'one streaming column field is expected', { path });
  const ordering = members.get('ordering');
  return {
    column: first.def.means.column,
    initial: first.value,
    direction: ordering?.kind === 'enum' && ordering.value === 'desc' ? 'desc' : 'asc',
  } as const;
}
