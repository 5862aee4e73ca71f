/** `t_aggregate` and its parts. */
import type { ColumnModel, TableModel } from '../model/types.ts';
import { showTable } from '../model/types.ts';
import {
  aggregateOperators,
  isComparable,
  isComparableScalar,
  isNumeric,
  isNumericScalar,
} from './aggregateOperators.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin, columnRef, scalarRef } from './scalars.ts';
import { selectColumnEnum } from './selectColumn.ts';
import { type FieldDef, listOf, named, nullable, type TypeRef } from './types.ts';

type ListOf = (context: SchemaContext, table: TableModel) => TypeRef;

/** The type's name. `rows` makes that of `nodes`. */
export function tableAggregate(context: SchemaContext, table: TableModel, rows: ListOf): string {
  const { naming } = context.source;
  const name = naming.type(table.id, 'aggregate');
  return context.types.define(name, () => ({
    kind: 'object',
    name,
    description: `aggregated selection of "${showTable(table.name)}"`,
    interfaces: [],
    fields: byName<FieldDef>([
      {
        name: 'aggregate',
        description: null,
        args: new Map(),
        type: named(aggregateFields(context, table)),
        means: { kind: 'aggregate' },
      },
      {
        name: 'nodes',
        description: null,
        args: new Map(),
        type: rows(context, table),
        means: { kind: 'nodes' },
      },
    ]),
  }));
}

function aggregateFields(context: SchemaContext, table: TableModel): string {
  const { naming } = context.source;
  const name = naming.type(table.id, 'aggregate_fields');
  return context.types.define(name, () => ({
    kind: 'object',
    name,
    description: `aggregate fields of "${showTable(table.name)}"`,
    interfaces: [],
    fields: byName([countField(context, table), ...operatorFields(context, table)]),
  }));
}

function countField(context: SchemaContext, table: TableModel): FieldDef {
  const columns = selectColumnEnum(context, table);
  return {
    name: 'count',
    description: null,
    args: byName([
      ...(columns === null
        ? []
        : [inputField('columns', listOf(named(columns, true)), { kind: 'argument' }, { takesNull: true })]),
      inputField('distinct', builtin(context, 'Boolean')),
    ]),
    type: builtin(context, 'Int', true),
    means: { kind: 'count' },
  };
}

function operatorFields(context: SchemaContext, table: TableModel): FieldDef[] {
  const { naming } = context.source;
  const permissions = selectOf(context, table);
  const columns = [...table.columns.values()].filter(
    column => column.graphql !== null && permissions?.columns.has(column.name),
  );
  const computed = [...table.computedFields.values()].filter(
    field =>
      permissions?.computedFields.has(field.name) &&
      field.returns.kind === 'scalar' &&
      field.facts.arguments.length === (field.sessionArgument === null ? 1 : 2),
  );
  return aggregateOperators.flatMap(({ name: fn, on }) => {
    const fit = columns.filter(column => (on === 'numeric' ? isNumeric(column) : isComparable(column)));
    const fitComputed = computed.filter(
      ({ returns }) =>
        returns.kind === 'scalar' &&
        (on === 'numeric' ? isNumericScalar(returns.scalar) : isComparableScalar(returns.scalar)),
    );
    if (fit.length + fitComputed.length === 0) return [];
    const type = naming.type(table.id, fn, 'fields');
    context.types.define(type, () => ({
      kind: 'object',
      name: type,
      description: `aggregate ${naming.field(fn)} on columns`,
      interfaces: [],
      fields: byName<FieldDef>([
        ...fit.map(column => aggregatedColumn(context, fn, column)),
        ...fitComputed.map(field => ({
          name: field.name,
          description: field.comment ?? `A computed field, executes function "${field.facts.name}"`,
          args: new Map(),
          type: scalarRef(context, (field.returns as { readonly scalar: ColumnModel['scalar'] }).scalar),
          means: { kind: 'computedField', field, table: null } as const,
        })),
      ]),
    }));
    return [
      {
        name: naming.field(fn),
        description: null,
        args: new Map(),
        type: named(type),
        means: { kind: 'aggregateOperator', fn } as const,
      },
    ];
  });
}

/** Sums and extremes have the column's own type, all else is a float. */
function aggregatedColumn(context: SchemaContext, fn: string, column: ColumnModel): FieldDef {
  const isOwnType = fn === 'sum' || fn === 'max' || fn === 'min';
  return {
    name: column.graphql!,
    description: column.description,
    args: new Map(),
    type: isOwnType ? nullable(columnRef(context, column)) : builtin(context, 'Float'),
    means: { kind: 'column', column },
  };
}
