/** Root fields that read. Pure. */
import { allOf, type BoolExp } from '../ir/boolExp.ts';
import type { CallArgument, FunctionCall } from '../ir/call.ts';
import type { ReadRoot } from '../ir/select.ts';
import type { FunctionModel, TableModel } from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import { planAggregate } from './aggregate.ts';
import { planCallArguments } from './callArguments.ts';
import type { PlanContext } from './context.ts';
import { fromOf } from './native.ts';
import { planConnection } from './relay.ts';
import { plainRows, planFields, planList, planRows } from './select.ts';
import { planStream } from './stream.ts';
import { toValue } from './values.ts';
import { filterOf } from './where.ts';

export function planReadRoot(context: PlanContext, field: ResolvedField): ReadRoot {
  const { means } = field.def;
  switch (means.kind) {
    case 'select':
      return {
        kind: 'list',
        select: planList(context, field, means.table, { kind: 'table', table: means.table.name }),
      };
    case 'nativeQuery':
      return {
        kind: 'list',
        select: planList(context, field, means.table, fromOf(means.table, field.args.args)),
      };
    case 'selectAggregate':
      return {
        kind: 'aggregate',
        aggregate: planAggregate(
          context,
          field,
          means.table,
          { kind: 'table', table: means.table.name },
          planRows,
          planFields,
        ),
      };
    case 'function': {
      const from = { kind: 'call', call: functionCall(means.function, field) } as const;
      const select = planList(context, field, means.table, from);
      return { kind: means.function.facts.returns.isSet ? 'list' : 'single', select };
    }
    case 'functionAggregate': {
      const from = { kind: 'call', call: functionCall(means.function, field) } as const;
      return {
        kind: 'aggregate',
        aggregate: planAggregate(context, field, means.table, from, planRows, planFields),
      };
    }
    case 'connection': {
      const { table, function: fn } = means;
      const from = fn
        ? ({ kind: 'call', call: functionCall(fn, field) } as const)
        : ({ kind: 'table', table: table.name } as const);
      return { kind: 'connection', connection: planConnection(context, field, table, from, planFields) };
    }
    case 'selectStream':
      return planStream(context, field, means.table);
    case 'selectByPk':
      return { kind: 'single', select: planByKey(context, field, means.table) };
    default:
      throw new TypeError(`${field.def.name} does not read`);
  }
}

function functionCall(called: FunctionModel, field: ResolvedField): FunctionCall {
  const { facts, sessionArgument } = called;
  const given = planCallArguments(field.args.args, called, field.path);
  if (sessionArgument === null) return { schema: facts.schema, name: facts.name, arguments: given };
  const argument = facts.arguments[sessionArgument]!;
  const type = argument.scalar.kind === 'jsonb' ? 'jsonb' : 'json';
  const session: CallArgument = { name: argument.name, value: { kind: 'session', type } };
  return { schema: facts.schema, name: facts.name, arguments: [...given, session] };
}

function planByKey(context: PlanContext, field: ResolvedField, table: TableModel) {
  const where = allOf([keyCondition(field.args, table), filterOf(context, table)]);
  return {
    rows: plainRows({ kind: 'table', table: table.name }, where),
    fields: planFields(context, field.selection, table),
  };
}

/** The row whose primary key is given by arguments. */
export function keyCondition(args: ResolvedField['args'], table: TableModel): BoolExp {
  return allOf(
    table.primaryKey.map(({ name, graphql, scalar }) => ({
      kind: 'compare',
      operand: { kind: 'column', column: name, scalar },
      operator: '_eq',
      value: toValue(args[graphql!]!, scalar),
    })),
  );
}
