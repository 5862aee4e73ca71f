/** `delete_t` and `delete_t_by_pk`. */
import { showTable, type TableModel } from '../model/types.ts';
import { tableBoolExp } from './boolExp.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { hasReadableKey, keyArguments } from './key.ts';
import { mutationResponse } from './mutationOutput.ts';
import { rootField } from './roots.ts';
import { tableObject } from './table.ts';
import { type FieldDef, named } from './types.ts';

export function deleteRoots(context: SchemaContext, table: TableModel): FieldDef[] {
  const permissions = context.view.permissions(table).delete;
  if (!permissions || !table.table.deletable || (permissions.backendOnly && !context.options.isBackend))
    return [];
  const shown = showTable(table.name);
  const fields: FieldDef[] = [
    {
      ...rootField(context, table, 'delete', `delete data from the table: "${shown}"`),
      args: byName([
        inputField(
          'where',
          named(tableBoolExp(context, table), true),
          { kind: 'argument' },
          {
            description: 'filter the rows which have to be deleted',
          },
        ),
      ]),
      type: named(mutationResponse(context, table)),
      means: { kind: 'delete', table },
    },
  ];
  if (selectOf(context, table) && hasReadableKey(context, table)) {
    fields.push({
      ...rootField(context, table, 'delete_by_pk', `delete single row from the table: "${shown}"`),
      args: keyArguments(context, table),
      type: named(tableObject(context, table)),
      means: { kind: 'deleteByPk', table },
    });
  }
  return fields;
}
