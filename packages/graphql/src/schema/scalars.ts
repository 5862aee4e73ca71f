/** Types of values: PostgreSQL's as scalars, and enum tables' as enums. */
import type { Scalar } from '../catalog/scalars.ts';
import type { ColumnModel } from '../model/types.ts';
import { type SchemaContext, tableIn } from './context.ts';
import { type EnumValueDef, named, type TypeRef } from './types.ts';

/** A scalar of GraphQL's own, such as `Int`. */
export function builtin({ types }: Pick<SchemaContext, 'types'>, name: string, nonNull = false): TypeRef {
  types.define(name, () => ({ kind: 'scalar', name, description: null }));
  return named(name, nonNull);
}

/** The type of values of a PostgreSQL type. */
export function scalarRef(context: SchemaContext, scalar: Scalar, nonNull = false): TypeRef {
  const { types, options } = context;
  if (scalar.element && !options.arraysAsScalars) {
    types.define(scalar.element.graphql, () => ({
      kind: 'scalar',
      name: scalar.element!.graphql,
      description: null,
    }));
    return { kind: 'list', of: named(scalar.element.graphql, true, scalar.element), nonNull, array: scalar };
  }
  types.define(scalar.graphql, () => ({ kind: 'scalar', name: scalar.graphql, description: null }));
  return named(scalar.graphql, nonNull, scalar);
}

/** The type of a column's values. */
export function columnRef(context: SchemaContext, column: ColumnModel, nonNull = false): TypeRef {
  const enumType = enumOf(context, column);
  return enumType === null
    ? scalarRef(context, column.scalar, nonNull)
    : named(enumType, nonNull, column.scalar);
}

/** The enum of a column that refers to an enum table; null for every other. */
export function enumOf(context: SchemaContext, column: ColumnModel): string | null {
  if (!column.enumTable) return null;
  const table = tableIn(context, column.enumTable);
  if (!table?.enumValues) return null;
  const values = table.enumValues;
  const { naming } = context.source;
  return context.types.define(naming.type(table.id, 'enum'), () => ({
    kind: 'enum',
    name: naming.type(table.id, 'enum'),
    description: null,
    values: new Map<string, EnumValueDef>(
      [...values]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([value, comment]) => [
          naming.enumValue(value),
          { name: naming.enumValue(value), description: comment, means: value },
        ]),
    ),
  }));
}
