/** `on_conflict`: what becomes of rows that are there already. */

import { isGraphqlName } from '../model/naming.ts';
import { showTable, type TableModel } from '../model/types.ts';
import { tableBoolExp } from './boolExp.ts';
import type { SchemaContext } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { type EnumValueDef, type InputFieldDef, listOf, named } from './types.ts';

/** The argument, or none for a table without unique keys. */
export function onConflictArgument(context: SchemaContext, table: TableModel): InputFieldDef[] {
  const constraints = constraintEnum(context, table);
  if (constraints === null) return [];
  const { naming } = context.source;
  const name = naming.type(table.id, 'on_conflict');
  context.types.define(name, () => ({
    kind: 'input',
    name,
    description: `on_conflict condition type for table "${showTable(table.name)}"`,
    fields: byName([
      inputField('constraint', named(constraints, true)),
      inputField(
        naming.field('update_columns'),
        listOf(named(updateColumnEnum(context, table), true), true),
        { kind: 'argument' },
        { default: '[]' },
      ),
      inputField('where', named(tableBoolExp(context, table))),
    ]),
  }));
  return [
    inputField(
      naming.field('on_conflict'),
      named(name),
      { kind: 'argument' },
      { description: 'upsert condition' },
    ),
  ];
}

function constraintEnum(context: SchemaContext, table: TableModel): string | null {
  const keys = [...(table.table.uniqueKeys ?? [])].filter(([name]) => isGraphqlName(name));
  if (keys.length === 0) return null;
  const name = context.source.naming.type(table.id, 'constraint');
  return context.types.define(name, () => ({
    kind: 'enum',
    name,
    description: `unique or primary key constraints on table "${showTable(table.name)}"`,
    values: byName<EnumValueDef>(
      keys.map(([constraint, { columns }]) => ({
        name: constraint,
        description: `unique or primary key constraint on columns ${columns.map(column => `"${column}"`).join(', ')}`,
        means: constraint,
      })),
    ),
  }));
}

/** What stands in an enum that has no column, as an enum must have a value. */
export const placeholder = '_PLACEHOLDER';

function updateColumnEnum(context: SchemaContext, table: TableModel): string {
  const name = context.source.naming.type(table.id, 'update_column');
  return context.types.define(name, () => {
    const allowed = context.view.permissions(table).update?.columns;
    const columns = [...table.columns.values()].filter(
      column => column.graphql !== null && allowed?.has(column.name) && !column.column.generated,
    );
    const values: readonly EnumValueDef[] =
      columns.length > 0
        ? columns.map(column => ({ name: column.graphql!, description: 'column name', means: column.name }))
        : [{ name: placeholder, description: 'placeholder (do not use)', means: placeholder }];
    return {
      kind: 'enum',
      name,
      description:
        columns.length > 0
          ? `update columns of table "${showTable(table.name)}"`
          : `placeholder for update columns of table "${showTable(table.name)}" (current role has no relevant permissions)`,
      values: byName(values),
    };
  });
}
