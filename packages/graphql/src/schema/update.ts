/** `update_t`, `update_t_by_pk`, `update_t_many`, and the operators that change columns. */
import { scalarOf } from '../catalog/scalars.ts';
import { type ColumnModel, showTable, type TableModel } from '../model/types.ts';
import { isNumeric } from './aggregateOperators.ts';
import { tableBoolExp } from './boolExp.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { hasReadableKey, keyArguments } from './key.ts';
import { mutationResponse } from './mutationOutput.ts';
import { rootField } from './roots.ts';
import { columnRef, scalarRef } from './scalars.ts';
import { tableObject } from './table.ts';
import { type FieldDef, type InputFieldDef, listOf, named, nonNull } from './types.ts';

interface UpdateOperator {
  /** Without its underscore. */
  readonly name: string;
  readonly description: string;
  readonly inputDescription?: (table: string) => string;
  readonly fits: (column: ColumnModel) => boolean;
  readonly field: (context: SchemaContext, column: ColumnModel) => InputFieldDef;
}

const isJsonb = ({ scalar, enumTable }: ColumnModel): boolean =>
  scalar.kind === 'jsonb' && enumTable === null;

/** The column's own type, null where the column takes it. */
const ownType: UpdateOperator['field'] = (context, column) =>
  inputField(
    column.graphql!,
    columnRef(context, column),
    { kind: 'column', column },
    { description: column.description, takesNull: column.nullable },
  );

const updateOperators: readonly UpdateOperator[] = [
  {
    name: 'append',
    description: 'append existing jsonb value of filtered columns with new jsonb value',
    fits: isJsonb,
    field: ownType,
  },
  {
    name: 'delete_at_path',
    description:
      'delete the field or element with specified path (for JSON arrays, negative integers count from the end)',
    fits: isJsonb,
    field: (context, column) =>
      inputField(
        column.graphql!,
        listOf(nonNull(scalarRef(context, scalarOf('text')))),
        { kind: 'column', column },
        { description: column.description },
      ),
  },
  {
    name: 'delete_elem',
    description:
      'delete the array element with specified index (negative integers count from the end). throws an error if top level container is not an array',
    fits: isJsonb,
    field: (context, column) =>
      inputField(
        column.graphql!,
        scalarRef(context, scalarOf('integer')),
        { kind: 'column', column },
        { description: column.description },
      ),
  },
  {
    name: 'delete_key',
    description:
      'delete key/value pair or string element. key/value pairs are matched based on their key value',
    fits: isJsonb,
    field: (context, column) =>
      inputField(
        column.graphql!,
        scalarRef(context, scalarOf('text')),
        { kind: 'column', column },
        { description: column.description, takesNull: true },
      ),
  },
  {
    name: 'inc',
    description: 'increments the numeric columns with given value of the filtered values',
    inputDescription: table => `input type for incrementing numeric columns in table "${table}"`,
    fits: isNumeric,
    field: ownType,
  },
  {
    name: 'prepend',
    description: 'prepend existing jsonb value of filtered columns with new jsonb value',
    fits: isJsonb,
    field: ownType,
  },
  {
    name: 'set',
    description: 'sets the columns of the filtered rows to the given values',
    inputDescription: table => `input type for updating data in table "${table}"`,
    fits: () => true,
    field: ownType,
  },
];

export function updateRoots(context: SchemaContext, table: TableModel): FieldDef[] {
  const permissions = context.view.permissions(table).update;
  if (!permissions || !table.table.updatable || (permissions.backendOnly && !context.options.isBackend))
    return [];
  const operators = operatorArguments(context, table);
  // Nothing to change, by the client or by the role's presets.
  if (operators.length === 0 && permissions.presets.size === 0) return [];
  const shown = showTable(table.name);
  const { naming } = context.source;
  const where = inputField(
    'where',
    named(tableBoolExp(context, table), true),
    { kind: 'argument' },
    {
      description: 'filter the rows which have to be updated',
    },
  );
  const response = mutationResponse(context, table);
  const fields: FieldDef[] = [
    {
      ...rootField(context, table, 'update', `update data of the table: "${shown}"`),
      args: byName([...operators, where]),
      type: named(response),
      means: { kind: 'update', table },
    },
  ];
  if (selectOf(context, table) && hasReadableKey(context, table)) {
    const key = naming.type(table.id, 'pk_columns_input');
    context.types.define(key, () => ({
      kind: 'input',
      name: key,
      description: `primary key columns input for table: ${table.name.schema === 'public' ? table.name.name : shown}`,
      fields: keyArguments(context, table),
    }));
    fields.push({
      ...rootField(context, table, 'update_by_pk', `update single row of the table: "${shown}"`),
      args: byName([...operators, inputField(naming.field('pk_columns'), named(key, true))]),
      type: named(tableObject(context, table)),
      means: { kind: 'updateByPk', table },
    });
  }
  const updates = naming.type(table.id, 'updates');
  context.types.define(updates, () => ({
    kind: 'input',
    name: updates,
    description: null,
    fields: byName([...operators, where]),
  }));
  fields.push({
    ...rootField(context, table, 'update_many', `update multiples rows of table: "${shown}"`),
    args: byName([
      inputField(
        'updates',
        listOf(named(updates, true), true),
        { kind: 'argument' },
        { description: 'updates to execute, in order' },
      ),
    ]),
    type: listOf(named(response)),
    means: { kind: 'updateMany', table },
  });
  return fields;
}

function operatorArguments(context: SchemaContext, table: TableModel): InputFieldDef[] {
  const allowed = context.view.permissions(table).update?.columns;
  const columns = [...table.columns.values()].filter(
    column =>
      column.graphql !== null &&
      allowed?.has(column.name) &&
      !column.column.generated &&
      !(column.column.identity && column.column.default === null),
  );
  const { naming } = context.source;
  return updateOperators.flatMap(operator => {
    const fit = columns.filter(operator.fits);
    if (fit.length === 0) return [];
    const name = naming.type(table.id, operator.name, 'input');
    context.types.define(name, () => ({
      kind: 'input',
      update: operator.name,
      name,
      description: operator.inputDescription?.(showTable(table.name)) ?? operator.description,
      fields: byName(fit.map(column => operator.field(context, column))),
    }));
    return [
      inputField(
        naming.field(`_${operator.name}`),
        named(name),
        { kind: 'update' },
        { description: operator.description },
      ),
    ];
  });
}
