/** `t_order_by`: by columns, by rows beside, by aggregates over them. */
import { showTable, type TableModel } from '../model/types.ts';
import { aggregateOperators, isComparable, isNumeric } from './aggregateOperators.ts';
import { type SchemaContext, selectOf, tableIn } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { type InputFieldDef, named, type TypeRef } from './types.ts';

const directions: readonly (readonly [string, string])[] = [
  ['asc', 'in ascending order, nulls last'],
  ['asc_nulls_first', 'in ascending order, nulls first'],
  ['asc_nulls_last', 'in ascending order, nulls last'],
  ['desc', 'in descending order, nulls first'],
  ['desc_nulls_first', 'in descending order, nulls first'],
  ['desc_nulls_last', 'in descending order, nulls last'],
];

/** The enum `order_by`. */
export function directionRef({ types, source: { naming } }: SchemaContext): TypeRef {
  const name = naming.plainType('order_by');
  types.define(name, () => ({
    kind: 'enum',
    name,
    description: 'column ordering options',
    values: byName(
      directions.map(([value, description]) => ({
        name: naming.enumValue(value),
        description,
        means: value,
      })),
    ),
  }));
  return named(name);
}

export function tableOrderBy(context: SchemaContext, table: TableModel): string {
  const name = context.source.naming.type(table.id, 'order_by');
  return context.types.define(name, () => ({
    kind: 'input',
    name,
    description: `Ordering options when selecting data from "${showTable(table.name)}".`,
    fields: byName([
      ...columnFields(context, table),
      ...relationshipFields(context, table),
      ...computedFields(context, table),
    ]),
  }));
}

function columnFields(context: SchemaContext, table: TableModel): InputFieldDef[] {
  const shown = selectOf(context, table)?.columns;
  return [...table.columns.values()].flatMap(column =>
    column.graphql !== null && shown?.has(column.name)
      ? [inputField(column.graphql, directionRef(context), { kind: 'column', column }, { takesNull: true })]
      : [],
  );
}

function relationshipFields(context: SchemaContext, table: TableModel): InputFieldDef[] {
  return [...table.relationships.values()].flatMap(relationship => {
    const target = tableIn(context, relationship.target);
    if (!target || target.native || !selectOf(context, target)) return [];
    const means = { relationship, table: target } as const;
    if (relationship.kind === 'object')
      return [
        inputField(
          relationship.name,
          named(tableOrderBy(context, target)),
          { kind: 'relationship', ...means },
          { takesNull: true },
        ),
      ];
    const name = context.source.naming.field(`${relationship.name}_aggregate`);
    return [
      inputField(
        name,
        named(aggregateOrderBy(context, target)),
        { kind: 'relationshipAggregate', ...means },
        { takesNull: true },
      ),
    ];
  });
}

function computedFields(context: SchemaContext, table: TableModel): InputFieldDef[] {
  const shown = selectOf(context, table)?.computedFields;
  return [...table.computedFields.values()].flatMap(field => {
    const given = field.facts.arguments.length - 1 - (field.sessionArgument === null ? 0 : 1);
    if (!shown?.has(field.name) || given > 0) return [];
    if (field.returns.kind === 'scalar')
      return [
        inputField(
          field.name,
          directionRef(context),
          { kind: 'computedField', field, table: null },
          { takesNull: true },
        ),
      ];
    const target = tableIn(context, field.returns.table);
    if (!target || !selectOf(context, target)) return [];
    const name = context.source.naming.field(`${field.name}_aggregate`);
    return [
      inputField(
        name,
        named(aggregateOrderBy(context, target)),
        { kind: 'computedField', field, table: target },
        { takesNull: true },
      ),
    ];
  });
}

/** `t_aggregate_order_by`. */
function aggregateOrderBy(context: SchemaContext, table: TableModel): string {
  const { naming } = context.source;
  const name = naming.type(table.id, 'aggregate', 'order_by');
  return context.types.define(name, () => {
    const shown = selectOf(context, table)?.columns;
    const columns = [...table.columns.values()].filter(
      column => column.graphql !== null && shown?.has(column.name),
    );
    const operators = aggregateOperators.flatMap(({ name: fn, on }) => {
      const fit = columns.filter(column => (on === 'numeric' ? isNumeric(column) : isComparable(column)));
      if (fit.length === 0) return [];
      const type = naming.type(table.id, fn, 'order_by');
      context.types.define(type, () => ({
        kind: 'input',
        name: type,
        description: `order by ${naming.field(fn)}() on columns of table "${showTable(table.name)}"`,
        fields: byName(
          fit.map(column =>
            inputField(
              column.graphql!,
              directionRef(context),
              { kind: 'column', column },
              { takesNull: true, description: column.description },
            ),
          ),
        ),
      }));
      return [inputField(naming.field(fn), named(type), { kind: 'aggregateOperator', fn })];
    });
    return {
      kind: 'input',
      name,
      description: `order by aggregate values of table "${showTable(table.name)}"`,
      fields: byName([
        inputField('count', directionRef(context), { kind: 'count' }, { takesNull: true }),
        ...operators,
      ]),
    };
  });
}
