/** Rows by their primary key. */
import type { TableModel } from '../model/types.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { columnRef } from './scalars.ts';
import type { FieldDef } from './types.ts';

/** Whether the role may read every column of the primary key. */
export function hasReadableKey(context: SchemaContext, table: TableModel): boolean {
  const columns = selectOf(context, table)?.columns;
  return (
    table.primaryKey.length > 0 &&
    table.primaryKey.every(column => column.graphql !== null && columns?.has(column.name))
  );
}

export function keyArguments(context: SchemaContext, table: TableModel): FieldDef['args'] {
  return byName(
    table.primaryKey.map(column =>
      inputField(
        column.graphql!,
        columnRef(context, column, true),
        { kind: 'column', column },
        { description: column.description },
      ),
    ),
  );
}
