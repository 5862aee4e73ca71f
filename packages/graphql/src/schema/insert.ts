/** `insert_t` and `insert_t_one`, with rows beside them in the same request. */
import { type RelationshipModel, showTable, type TableModel } from '../model/types.ts';
import { type SchemaContext, selectOf, tableIn } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { mutationResponse } from './mutationOutput.ts';
import { onConflictArgument } from './onConflict.ts';
import { rootField } from './roots.ts';
import { columnRef } from './scalars.ts';
import { tableObject } from './table.ts';
import { type FieldDef, type InputFieldDef, listOf, named } from './types.ts';

export function insertRoots(context: SchemaContext, table: TableModel): FieldDef[] {
  const permissions = context.view.permissions(table).insert;
  if (!permissions || !table.table.insertable || (permissions.backendOnly && !context.options.isBackend))
    return [];
  const shown = showTable(table.name);
  const row = named(insertInput(context, table), true);
  const fields: FieldDef[] = [
    {
      ...rootField(context, table, 'insert', `insert data into the table: "${shown}"`),
      args: byName([
        inputField(
          'objects',
          listOf(row, true),
          { kind: 'argument' },
          { description: 'the rows to be inserted' },
        ),
        ...onConflictArgument(context, table),
      ]),
      type: named(mutationResponse(context, table)),
      means: { kind: 'insert', table },
    },
  ];
  if (selectOf(context, table)) {
    fields.push({
      ...rootField(context, table, 'insert_one', `insert a single row into the table: "${shown}"`),
      args: byName([
        inputField('object', row, { kind: 'argument' }, { description: 'the row to be inserted' }),
        ...onConflictArgument(context, table),
      ]),
      type: named(tableObject(context, table)),
      means: { kind: 'insertOne', table },
    });
  }
  return fields;
}

/** `t_insert_input` */
function insertInput(context: SchemaContext, table: TableModel): string {
  const name = context.source.naming.type(table.id, 'insert_input');
  return context.types.define(name, () => ({
    kind: 'input',
    name,
    description: `input type for inserting data into table "${showTable(table.name)}"`,
    fields: byName([...columnFields(context, table), ...relationshipFields(context, table)]),
  }));
}

function columnFields(context: SchemaContext, table: TableModel): InputFieldDef[] {
  const allowed = context.view.permissions(table).insert?.columns;
  return [...table.columns.values()].flatMap(column => {
    const takesNoValue =
      column.column.generated || (column.column.identity && column.column.default === null);
    if (column.graphql === null || takesNoValue || !allowed?.has(column.name)) return [];
    const options = { description: column.description, takesNull: column.nullable };
    return [inputField(column.graphql, columnRef(context, column), { kind: 'column', column }, options)];
  });
}

function relationshipFields(context: SchemaContext, table: TableModel): InputFieldDef[] {
  return [...table.relationships.values()].flatMap(relationship => {
    const target = tableIn(context, relationship.target);
    if (!target || !context.view.permissions(target).insert || !target.table.insertable) return [];
    const type = nestedInput(context, relationship, target);
    return [
      inputField(
        relationship.name,
        named(type),
        { kind: 'relationship', relationship, table: target },
        { takesNull: true },
      ),
    ];
  });
}

/** `t_obj_rel_insert_input`, `t_arr_rel_insert_input` */
function nestedInput(context: SchemaContext, { kind }: RelationshipModel, table: TableModel): string {
  const isObject = kind === 'object';
  const name = context.source.naming.type(
    table.id,
    isObject ? 'obj_rel_insert_input' : 'arr_rel_insert_input',
  );
  return context.types.define(name, () => {
    const row = named(insertInput(context, table), true);
    return {
      kind: 'input',
      name,
      description: `input type for inserting ${kind} relation for remote table "${showTable(table.name)}"`,
      fields: byName([
        inputField('data', isObject ? row : listOf(row, true)),
        ...onConflictArgument(context, table),
      ]),
    };
  });
}
