import { showTable, type TableModel } from '../model/types.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName } from './inputField.ts';

/** `t_select_column`: the columns that the role may read; null when there is none. */
export function selectColumnEnum(context: SchemaContext, table: TableModel): string | null {
  const shown = selectOf(context, table)?.columns;
  const columns = [...table.columns.values()].filter(
    column => column.graphql !== null && shown?.has(column.name),
  );
  if (columns.length === 0) return null;
  const name = context.source.naming.type(table.id, 'select_column');
  return context.types.define(name, () => ({
    kind: 'enum',
    name,
    description: `select columns of table "${showTable(table.name)}"`,
    values: byName(
      columns.map(column => ({ name: column.graphql!, description: 'column name', means: column.name })),
    ),
  }));
}
