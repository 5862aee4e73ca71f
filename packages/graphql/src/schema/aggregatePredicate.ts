/** `articles_aggregate` in conditions: how many rows, or what all or any of them hold. */
import { scalarOf } from '../catalog/scalars.ts';
import type { ColumnModel, TableModel } from '../model/types.ts';
import { scalarComparison } from './comparison.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin } from './scalars.ts';
import { selectColumnEnum } from './selectColumn.ts';
import { type InputFieldDef, listOf, named } from './types.ts';

/** The type's name; null where the role may not aggregate. */
export function aggregatePredicate(
  context: SchemaContext,
  table: TableModel,
  boolExp: (context: SchemaContext, table: TableModel) => string,
): string | null {
  const permissions = selectOf(context, table);
  if (!permissions?.aggregations) return null;
  const { naming } = context.source;
  const name = naming.type(table.id, 'aggregate', 'bool_exp');
  const booleans = [...table.columns.values()].filter(
    column =>
      column.scalar.kind === 'boolean' && column.graphql !== null && permissions.columns.has(column.name),
  );
  return context.types.define(name, () => {
    const predicate = (fn: string, columns: readonly ColumnModel[] | null): InputFieldDef => {
      const type = naming.type(table.id, 'aggregate', 'bool_exp', fn);
      context.types.define(type, () => ({
        kind: 'input',
        name: type,
        description: null,
        fields: byName(predicateFields(context, table, fn, columns, boolExp)),
      }));
      return inputField(naming.field(fn), named(type), { kind: 'aggregateOperator', fn });
    };
    return {
      kind: 'input',
      name,
      description: null,
      fields: byName([
        ...(booleans.length > 0 ? [predicate('bool_and', booleans), predicate('bool_or', booleans)] : []),
        predicate('count', null),
      ]),
    };
  });
}

function predicateFields(
  context: SchemaContext,
  table: TableModel,
  fn: string,
  booleans: readonly ColumnModel[] | null,
  boolExp: (context: SchemaContext, table: TableModel) => string,
): InputFieldDef[] {
  const { naming } = context.source;
  const columns = booleans
    ? booleanColumnEnum(context, table, fn, booleans)
    : selectColumnEnum(context, table);
  const argument =
    columns === null
      ? []
      : [inputField('arguments', booleans ? named(columns, true) : listOf(named(columns, true)))];
  const result = scalarOf(booleans ? 'boolean' : 'integer');
  return [
    ...argument,
    inputField('distinct', builtin(context, 'Boolean')),
    inputField('filter', named(boolExp(context, table))),
    inputField(naming.field('predicate'), { ...scalarComparison(context, result), nonNull: true }),
  ];
}

/** The boolean columns, as an enum of their own. */
function booleanColumnEnum(
  context: SchemaContext,
  table: TableModel,
  fn: string,
  columns: readonly ColumnModel[],
): string {
  const { naming } = context.source;
  const name = naming.type(
    table.id,
    'select_column',
    table.id.text,
    'aggregate',
    'bool_exp',
    fn,
    'arguments',
    'columns',
  );
  return context.types.define(name, () => ({
    kind: 'enum',
    name,
    description: `select "${table.id.text}_aggregate_bool_exp_${fn}_arguments_columns" columns of table "${table.name.name}"`,
    values: byName(
      columns.map(column => ({ name: column.graphql!, description: 'column name', means: column.name })),
    ),
  }));
}
