/** Fields of a table that go by one name: a column keeps it, and of two others neither does. */
import {
  type ComputedFieldModel,
  type Inconsistency,
  type RelationshipModel,
  showTable,
  type TableModel,
} from './types.ts';

interface Fields {
  readonly relationships: ReadonlyMap<string, RelationshipModel>;
  readonly computedFields: ReadonlyMap<string, ComputedFieldModel>;
}

/** Those that can be served, and what is told of the others. */
export function withoutConflicts(
  table: TableModel,
  fields: Fields,
  inconsistencies: Inconsistency[],
): Fields {
  const relationships = new Map(fields.relationships);
  const computedFields = new Map(fields.computedFields);
  for (const name of fields.relationships.keys()) {
    if (!computedFields.has(name)) continue;
    const [one, other] = [describe(table, 'relationship', name)!, describe(table, 'computedField', name)!];
    inconsistencies.push({
      reason: `Conflicting objects: conflicting definitions for field "${name}"`,
      objects: [one.shown, other.shown],
      object: one.object,
      other: other.object,
    });
    relationships.delete(name);
    computedFields.delete(name);
  }
  const byGraphql = new Map([...table.columns.values()].map(column => [column.graphql, column.name]));
  const refuse = (
    kind: 'relationship' | 'computedField',
    name: string,
    names: readonly string[],
  ): boolean => {
    const reason = whyNot(table, byGraphql, name, names);
    if (reason === null) return false;
    const { shown, object } = describe(table, kind, name)!;
    inconsistencies.push({ ...shown, reason: `Inconsistent object: ${reason}`, object });
    return true;
  };
  for (const { name, kind } of relationships.values())
    if (refuse('relationship', name, kind === 'array' ? [name, `${name}_aggregate`] : [name]))
      relationships.delete(name);
  for (const { name } of computedFields.values())
    if (refuse('computedField', name, [name])) computedFields.delete(name);
  return { relationships, computedFields };
}

function whyNot(
  table: TableModel,
  byGraphql: ReadonlyMap<string | null, string>,
  name: string,
  names: readonly string[],
): string | null {
  for (const each of names) {
    const column = byGraphql.get(each);
    if (column !== undefined && column !== each)
      return `field definition conflicts with custom field name for postgres column "${column}"`;
  }
  return table.columns.has(name) ? 'field definition conflicts with postgres column' : null;
}

/** A part of the table's metadata, as inconsistencies show it. */
function describe(table: TableModel, kind: 'relationship' | 'computedField', name: string) {
  const { metadata, source } = table;
  const place = `in table ${showTable(table.name)} in source ${source}`;
  const object = { kind, source, table: table.name, name } as const;
  if (kind === 'computedField') {
    const found = metadata.computed_fields?.find(each => each.name === name);
    const definition = { ...found, source, table: table.name, comment: found?.comment ?? null };
    return { object, shown: { type: 'computed_field', name: `computed_field ${name} ${place}`, definition } };
  }
  const isObject = metadata.object_relationships?.some(each => each.name === name) ?? false;
  const found = [...(metadata.object_relationships ?? []), ...(metadata.array_relationships ?? [])].find(
    each => each.name === name,
  );
  const type = isObject ? 'object_relation' : 'array_relation';
  const definition = {
    name,
    source,
    comment: found?.comment ?? null,
    table: table.name,
    using: found?.using,
  };
  return { object, shown: { type, name: `${type} ${name} ${place}`, definition } };
}
