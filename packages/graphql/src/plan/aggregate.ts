/** `t_aggregate`. Pure. */
import { scalarOf } from '../catalog/scalars.ts';
import type {
  Aggregated,
  AggregateField,
  AggregateMember,
  AggregatePlan,
  From,
  Rows,
  SelectField,
} from '../ir/select.ts';
import { computedCall } from '../model/computedField.ts';
import type { TableModel } from '../model/types.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { PlanContext } from './context.ts';
import { booleanOf, itemsOf } from './values.ts';

export function planAggregate(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  from: From,
  planRows: (context: PlanContext, field: ResolvedField, table: TableModel, from: From) => Rows,
  planFields: (
    context: PlanContext,
    selection: ResolvedSelection | null,
    table: TableModel,
  ) => readonly SelectField[],
): AggregatePlan {
  const { selection } = field;
  if (selection?.kind !== 'object') throw new TypeError('An aggregate has fields');
  const fields = selection.fields.map((member): AggregateField => {
    const { alias, def } = member;
    switch (def.means.kind) {
      case 'typename':
        return { kind: 'typename', alias, text: selection.type };
      case 'nodes':
        return { kind: 'nodes', alias, fields: planFields(context, member.selection, table) };
      case 'aggregate':
        return { kind: 'aggregate', alias, members: planMembers(context, member.selection, table) };
      default:
        throw new TypeError(`${def.name} is no field of an aggregate`);
    }
  });
  return {
    rows: planRows(context, field, table, from),
    fields,
    nodesLimit: context.view.permissions(table).select?.limit ?? null,
  };
}

function planMembers(
  context: PlanContext,
  selection: ResolvedSelection | null,
  table: TableModel,
): readonly AggregateMember[] {
  if (selection?.kind !== 'object') return [];
  return selection.fields.map((member): AggregateMember => {
    const { alias, def, args } = member;
    switch (def.means.kind) {
      case 'typename':
        return { kind: 'typename', alias, text: selection.type };
      case 'count': {
        const columns = itemsOf(args.columns).flatMap(item =>
          item.kind === 'enum' ? [columnOf(context, item.value, table)] : [],
        );
        return { kind: 'count', alias, columns, isDistinct: booleanOf(args.distinct) ?? false };
      }
      case 'aggregateOperator':
        return {
          kind: 'operator',
          alias,
          fn: def.means.fn,
          members: planOperands(context, member.selection, table, def.means.fn),
        };
      default:
        throw new TypeError(`${def.name} is no aggregate`);
    }
  });
}

function columnOf({ view }: PlanContext, column: string, table: TableModel): Aggregated {
  const shownIf = view.permissions(table).select?.columns.get(column);
  return { operand: { kind: 'column', column, ...(shownIf && { shownIf }) } };
}

type Operands = (AggregateMember & { readonly kind: 'operator' })['members'];

function planOperands(
  context: PlanContext,
  selection: ResolvedSelection | null,
  table: TableModel,
  fn: string,
): Operands {
  if (selection?.kind !== 'object') return [];
  return selection.fields.map(({ alias, def }) => {
    const { means } = def;
    switch (means.kind) {
      case 'typename':
        return { kind: 'typename', alias, text: selection.type } as const;
      case 'column': {
        const { name, scalar } = means.column;
        return {
          kind: 'column',
          alias,
          scalar,
          asText: isText(context, scalar.name, fn),
          ...columnOf(context, name, table),
        } as const;
      }
      case 'computedField': {
        const shownIf = context.view.permissions(table).select?.computedFields.get(means.field.name);
        const scalar = means.field.returns.kind === 'scalar' ? means.field.returns.scalar : scalarOf('text');
        return {
          kind: 'column',
          alias,
          scalar,
          asText: isText(context, scalar.name, fn),
          operand: { kind: 'call', call: computedCall(means.field, []), ...(shownIf && { shownIf }) },
        } as const;
      }
      default:
        throw new TypeError(`${def.name} cannot be aggregated`);
    }
  });
}

const stringified: ReadonlySet<string> = new Set(['bigint', 'numeric', 'float8']);

/** It goes by the column's type, whatever the aggregate's is. */
function isText({ stringifyNumericTypes }: PlanContext, scalar: string, _fn: string): boolean {
  return stringifyNumericTypes && stringified.has(scalar);
}
