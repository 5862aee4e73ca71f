/** `t_bool_exp`: conditions on a table's rows. */
import type { TableModel } from '../model/types.ts';
import { showTable } from '../model/types.ts';
import { aggregatePredicate } from './aggregatePredicate.ts';
import { columnComparison, scalarComparison } from './comparison.ts';
import { type SchemaContext, selectOf, tableIn } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { type InputFieldDef, listOf, named } from './types.ts';

/** The type's name. */
export function tableBoolExp(context: SchemaContext, table: TableModel): string {
  const name = context.source.naming.type(table.id, 'bool_exp');
  return context.types.define(name, () => ({
    kind: 'input',
    name,
    description: `Boolean expression to filter rows from the table "${showTable(table.name)}". All fields are combined with a logical 'AND'.`,
    fields: byName([
      inputField('_and', listOf(named(name, true)), { kind: 'and' }),
      inputField('_not', named(name), { kind: 'not' }),
      inputField('_or', listOf(named(name, true)), { kind: 'or' }),
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
      ? [inputField(column.graphql, columnComparison(context, column), { kind: 'column', column })]
      : [],
  );
}

function relationshipFields(context: SchemaContext, table: TableModel): InputFieldDef[] {
  return [...table.relationships.values()].flatMap(relationship => {
    const target = tableIn(context, relationship.target);
    if (!target || target.native || !selectOf(context, target)) return [];
    const means = { relationship, table: target } as const;
    const field = inputField(relationship.name, named(tableBoolExp(context, target)), {
      kind: 'relationship',
      ...means,
    });
    if (relationship.kind === 'object') return [field];
    const predicate = aggregatePredicate(context, target, tableBoolExp);
    if (predicate === null) return [field];
    return [
      field,
      inputField(context.source.naming.field(`${relationship.name}_aggregate`), named(predicate), {
        kind: 'relationshipAggregate',
        ...means,
      }),
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
        inputField(field.name, scalarComparison(context, field.returns.scalar), {
          kind: 'computedField',
          field,
          table: null,
        }),
      ];
    const target = tableIn(context, field.returns.table);
    if (!target || !selectOf(context, target)) return [];
    return [
      inputField(field.name, named(tableBoolExp(context, target)), {
        kind: 'computedField',
        field,
        table: target,
      }),
    ];
  });
}
