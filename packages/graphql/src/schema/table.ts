/** `t`: a row as an object, and the arguments of lists of rows. */
import {
  type ColumnModel,
  type ComputedFieldModel,
  type RelationshipModel,
  showTable,
  type TableModel,
} from '../model/types.ts';
import { tableAggregate } from './aggregate.ts';
import { tableBoolExp } from './boolExp.ts';
import { type SchemaContext, selectOf, tableIn } from './context.ts';
import { isEntity, keyDirective } from './federation.ts';
import { functionArguments } from './functionArguments.ts';
import { byName, inputField } from './inputField.ts';
import { nativeArguments } from './nativeRoots.ts';
import { tableOrderBy } from './orderBy.ts';
import { idField, isNode, nodeInterface, relationshipConnection } from './relay.ts';
import { builtin, columnRef, scalarRef } from './scalars.ts';
import { selectColumnEnum } from './selectColumn.ts';
import { type FieldDef, type InputFieldDef, listOf, named, refined, type TypeRef } from './types.ts';

/** The type's name. */
export function tableObject(context: SchemaContext, table: TableModel): string {
  const { naming } = context.source;
  const name = naming.type(table.id);
  return context.types.define(name, () => ({
    kind: 'object',
    name,
    description: describeTable(table),
    interfaces: isNode(context, table) ? [nodeInterface] : [],
    fields: byName(tableFields(context, table)),
    ...(isEntity(context, table) && { directives: [keyDirective(table)] }),
  }));
}

/** A comment that is there and empty says that none is wanted. */
function describeTable({ metadata, table, name }: TableModel): string | null {
  const comment =
    metadata.configuration?.comment ?? table.comment ?? `columns and relationships of "${showTable(name)}"`;
  return comment === '' ? null : comment;
}

/** `[t!]!` */
export function tableList(context: SchemaContext, table: TableModel): TypeRef {
  return listOf(named(tableObject(context, table), true), true);
}

function tableFields(context: SchemaContext, table: TableModel): FieldDef[] {
  const permissions = selectOf(context, table);
  if (!permissions) return [];
  const isRelay = context.options.kind === 'relay';
  const fields: FieldDef[] = isNode(context, table) ? [idField(context.types)] : [];
  for (const column of table.columns.values()) {
    if (isRelay && column.graphql === 'id') continue;
    const shownIf = permissions.columns.get(column.name);
    if (column.graphql !== null && shownIf !== undefined)
      fields.push(columnField(context, column, shownIf !== null));
  }
  for (const field of table.computedFields.values()) {
    if (permissions.computedFields.has(field.name)) fields.push(...computedField(context, table, field));
  }
  for (const relationship of table.relationships.values())
    fields.push(...relationshipFields(context, relationship));
  const sees = (member: string): boolean =>
    permissions.columns.has(member) || permissions.computedFields.has(member);
  const owner = { kind: 'table', source: table.source, table: table.name } as const;
  fields.push(...context.joined(owner, context.source.naming.type(table.id), sees));
  return fields;
}

/** A column that is hidden in some rows is nullable whatever the database says. */
function columnField(context: SchemaContext, column: ColumnModel, isHidden: boolean): FieldDef {
  return {
    name: column.graphql!,
    description: column.description,
    args: byName(pathArgument(context, column.scalar.kind)),
    type: columnRef(context, column, !column.nullable && !isHidden),
    means: { kind: 'column', column },
  };
}

/** JSON is looked into by a path. */
function pathArgument(context: SchemaContext, kind: string): InputFieldDef[] {
  if (kind !== 'json' && kind !== 'jsonb') return [];
  return [
    inputField('path', builtin(context, 'String'), { kind: 'argument' }, { description: 'JSON select path' }),
  ];
}

function computedField(context: SchemaContext, of: TableModel, field: ComputedFieldModel): FieldDef[] {
  const given = functionArguments(context, field.facts, {
    description: `input parameters for computed field "${field.name}" defined on table "${showTable(of.name)}"`,
    skip: [field.tableArgument, ...(field.sessionArgument === null ? [] : [field.sessionArgument])],
    id: {
      text: field.facts.schema === 'public' ? field.facts.name : `${field.facts.schema}_${field.facts.name}`,
      isCustom: false,
    },
  });
  // A comment that is there and empty says that none is wanted.
  const description =
    field.comment === ''
      ? null
      : (field.comment ?? `A computed field, executes function "${showTable(field.facts)}"`);
  const { returns } = field;
  if (returns.kind === 'scalar') {
    return [
      {
        name: field.name,
        description,
        args: byName([...given, ...pathArgument(context, returns.scalar.kind)]),
        type: scalarRef(context, returns.scalar),
        means: { kind: 'computedField', field, table: null },
      },
    ];
  }
  const table = tableIn(context, returns.table);
  if (!table || !selectOf(context, table)) return [];
  return [
    {
      name: field.name,
      description,
      args: byName([...given, ...listArguments(context, table)]),
      type: listOf(named(tableObject(context, table), true)),
      means: { kind: 'computedField', field, table },
    },
  ];
}

function relationshipFields(context: SchemaContext, relationship: RelationshipModel): FieldDef[] {
  const table = tableIn(context, relationship.target);
  const permissions = table && selectOf(context, table);
  if (!permissions) return [];
  const means = { relationship, table } as const;
  const { naming } = context.source;
  if (relationship.kind === 'object') {
    return [
      {
        name: relationship.name,
        description: relationship.comment ?? 'An object relationship',
        args: byName(nativeArguments(context, table)),
        type: named(
          tableObject(context, table),
          !relationship.nullable && permissions.filter.kind === 'constant' && permissions.filter.value,
        ),
        means: { kind: 'relationship', ...means },
      },
    ];
  }
  const args = byName([...nativeArguments(context, table), ...listArguments(context, table)]);
  const rows: FieldDef = {
    name: relationship.name,
    description: relationship.comment ?? 'An array relationship',
    args,
    type: tableList(context, table),
    means: { kind: 'relationship', ...means },
  };
  const connection = relationshipConnection(context, relationship, table, { listArguments, tableObject });
  if (!permissions.aggregations || table.native) return [rows, ...connection];
  return [
    rows,
    ...connection,
    {
      name: naming.field(`${relationship.name}_aggregate`),
      description: 'An aggregate relationship',
      args,
      type: named(tableAggregate(context, table, tableList), true),
      means: { kind: 'relationshipAggregate', ...means },
    },
  ];
}

/** `distinct_on`, `limit`, `offset`, `order_by`, `where`. */
export function listArguments(context: SchemaContext, table: TableModel): InputFieldDef[] {
  const { naming } = context.source;
  const columns = selectColumnEnum(context, table);
  const argument = (name: string, type: TypeRef, description: string): InputFieldDef =>
    inputField(name, type, { kind: 'argument' }, { description, takesNull: true });
  return [
    ...(columns === null
      ? []
      : [argument(naming.field('distinct_on'), listOf(named(columns, true)), 'distinct select on columns')]),
    argument('limit', refined(builtin(context, 'Int'), 'nonNegative'), 'limit the number of rows returned'),
    argument(
      'offset',
      refined(builtin(context, 'Int'), 'big'),
      'skip the first n rows. Use only with order_by',
    ),
    argument(
      naming.field('order_by'),
      listOf(named(tableOrderBy(context, table), true)),
      'sort the rows by one or more columns',
    ),
    argument('where', named(tableBoolExp(context, table)), 'filter the rows returned'),
  ];
}
