/** Native queries as fields: rows of the metadata's SQL. */
import type { NativeModel, TableModel } from '../model/types.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { scalarRef } from './scalars.ts';
import { type FieldDef, type InputFieldDef, named, type TypeRef } from './types.ts';

/** What rows are made of, which themselves refer to native queries. */
export interface NativeParts {
  readonly listArguments: (context: SchemaContext, table: TableModel) => InputFieldDef[];
  readonly tableList: (context: SchemaContext, table: TableModel) => TypeRef;
}

export function nativeRoots(
  context: SchemaContext,
  table: TableModel,
  { listArguments, tableList }: NativeParts,
): FieldDef[] {
  const { native } = table;
  if (!native || !selectOf(context, table)) return [];
  return [
    {
      name: native.field,
      description: native.comment,
      args: byName([...nativeArguments(context, table), ...listArguments(context, table)]),
      type: tableList(context, table),
      means: { kind: 'nativeQuery', table },
    },
  ];
}

/** `args`, where the query takes any. */
export function nativeArguments(context: SchemaContext, { native }: TableModel): InputFieldDef[] {
  if (!native || native.arguments.length === 0) return [];
  const description = `${native.field}Native Query Arguments`;
  const name = `${native.field}_arguments`;
  context.types.define(name, () => ({
    kind: 'input',
    name,
    description,
    fields: byName(native.arguments.map(argument => argumentField(context, argument))),
  }));
  return [inputField('args', named(name, true), { kind: 'argument' }, { description })];
}

function argumentField(
  context: SchemaContext,
  { name, scalar, nullable, description }: NativeModel['arguments'][number],
): InputFieldDef {
  return inputField(
    name,
    scalarRef(context, scalar, !nullable),
    { kind: 'argument' },
    { description, takesNull: nullable },
  );
}
