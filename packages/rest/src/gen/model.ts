import {
  type Catalog,
  type Column,
  key,
  type Relationship,
  type Routine,
  type Table,
} from '@peakstone/kernel/catalog';
import { parseTypeName } from '../typeName.ts';
import { isViewKind, resolveObject, resolveType, type TypeRef } from './typeRef.ts';

export interface GenerateOptions {
  /** In this order. Absent: every schema with something to describe, `public` first. */
  readonly schemas?: readonly string[];
}

/** Schemas as clients see them: what the renderers of each language write down. */
export interface SchemaModel {
  readonly name: string;
  readonly tables: readonly RelationModel[];
  readonly views: readonly RelationModel[];
  readonly functions: readonly FunctionModel[];
  readonly enums: readonly { readonly name: string; readonly labels: readonly string[] }[];
  readonly compositeTypes: readonly {
    readonly name: string;
    readonly fields: readonly { name: string; type: TypeRef }[];
  }[];
}

export interface RelationModel {
  readonly name: string;
  readonly fields: readonly FieldModel[];
  /** Fields that functions compute; only selected by name. */
  readonly computed: readonly { readonly name: string; readonly type: TypeRef }[];
  readonly insertable: boolean;
  readonly updatable: boolean;
  readonly relationships: readonly RelationshipModel[];
}

export interface FieldModel {
  readonly name: string;
  readonly type: TypeRef;
  readonly nullable: boolean;
  /** `never`: the database refuses a value. */
  readonly insert: 'required' | 'optional' | 'never';
  readonly maxLength: number | null;
}

export interface RelationshipModel {
  readonly constraint: string;
  readonly columns: readonly string[];
  readonly isOneToOne: boolean;
  readonly target: string;
  readonly targetColumns: readonly string[];
}

export interface FunctionModel {
  readonly name: string;
  readonly overloads: readonly OverloadModel[];
}

export interface OverloadModel {
  readonly parameters: readonly {
    readonly name: string;
    readonly type: TypeRef;
    readonly required: boolean;
  }[];
  readonly returns: TypeRef;
  /** When it returns rows of a relation of its schema. `from` is a relation when it is computed from one's row, else `*`. */
  readonly rows?: {
    readonly from: string;
    readonly to: string;
    readonly isOneToOne: boolean;
    readonly isSetof: boolean;
  };
  /** For what a client may not call: what it is told in place of a result. */
  readonly refusal?: string;
}

/** Pure. Everything sorted by name, so that generated files change only where the database did. */
export function buildModel(catalog: Catalog, options: GenerateOptions): readonly SchemaModel[] {
  const names = options.schemas ?? describedSchemas(catalog);
  const generated = new Set(names);
  return [...generated].map(name => buildSchema(name, catalog, generated));
}

function describedSchemas(catalog: Catalog): readonly string[] {
  const found = new Set<string>();
  for (const table of catalog.tables.values()) found.add(table.schema);
  for (const [routine] of catalog.routines.values()) if (routine) found.add(routine.schema);
  for (const id of catalog.enums?.keys() ?? []) found.add(id.slice(0, id.indexOf('\0')));
  return [...found].sort((a, b) => Number(b === 'public') - Number(a === 'public') || compare(a, b));
}

function buildSchema(schema: string, catalog: Catalog, generated: ReadonlySet<string>): SchemaModel {
  // The API has no resource for a partition; its parent is one.
  const relations = [...catalog.tables.values()]
    .filter(table => table.schema === schema && !table.isPartition)
    .sort(byName);
  const build = (table: Table) => buildRelation(table, catalog, generated);
  return {
    name: schema,
    tables: relations.filter(({ kind }) => !isViewKind(kind)).map(build),
    views: relations.filter(({ kind }) => isViewKind(kind)).map(build),
    functions: buildFunctions(schema, relations, catalog, generated),
    enums: ofSchema(catalog.enums, schema).map(([name, labels]) => ({ name, labels })),
    compositeTypes: ofSchema(catalog.compositeTypes, schema).map(([name, attributes]) => {
      const type = resolveObject(attributes, catalog, generated);
      return { name, fields: type.kind === 'object' ? [...type.fields].sort(byName) : [] };
    }),
  };
}

function buildRelation(table: Table, catalog: Catalog, generated: ReadonlySet<string>): RelationModel {
  const id = key(table.schema, table.name);
  const isView = isViewKind(table.kind);
  return {
    name: table.name,
    fields: [...table.columns.values()].sort(byName).map(column => ({
      name: column.name,
      type: resolveColumn(column, catalog, generated),
      nullable: column.nullable,
      insert: insertOf(column, isView),
      maxLength: column.maxLength,
    })),
    computed: buildComputed(table, catalog, generated),
    insertable: table.insertable,
    updatable: table.updatable,
    relationships: (catalog.relationships.get(id) ?? []).flatMap(relationship =>
      relationship.target.schema === table.schema ? buildRelationship(relationship) : [],
    ),
  };
}

function buildComputed(
  table: Table,
  catalog: Catalog,
  generated: ReadonlySet<string>,
): RelationModel['computed'] {
  return (catalog.computedFields?.get(key(table.schema, table.name)) ?? [])
    .filter(
      ({ routine, setof }) => !setof && routine.schema === table.schema && !table.columns.has(routine.name),
    )
    .map(({ routine, type }) => ({ name: routine.name, type: resolveType(type, catalog, generated) }))
    .sort(byName);
}

function resolveColumn(column: Column, catalog: Catalog, generated: ReadonlySet<string>): TypeRef {
  const declared = resolveType(column.nominalType.replace(/\(.*\)/, ''), catalog, generated);
  if (declared.kind === 'unknown' && column.enumValues.length > 0)
    return { kind: 'labels', labels: column.enumValues };
  return declared;
}

function insertOf(column: Column, isView: boolean): FieldModel['insert'] {
  const isAlwaysIdentity = column.identity && column.default === null;
  if (column.generated || isAlwaysIdentity) return 'never';
  return column.nullable || column.default !== null || isView ? 'optional' : 'required';
}

/** Those that name this relation's own columns; clients infer the opposite direction and junctions from them. */
function buildRelationship(relationship: Relationship): readonly RelationshipModel[] {
  if (relationship.kind !== 'many-to-one' && (relationship.kind !== 'one-to-one' || relationship.isParent))
    return [];
  return [
    {
      constraint: relationship.constraint,
      columns: relationship.columns.map(([column]) => column),
      isOneToOne: relationship.kind === 'one-to-one',
      target: relationship.target.name,
      targetColumns: relationship.columns.map(([, column]) => column),
    },
  ];
}

function buildFunctions(
  schema: string,
  relations: readonly Table[],
  catalog: Catalog,
  generated: ReadonlySet<string>,
): readonly FunctionModel[] {
  const functions = new Map<string, OverloadModel[]>();
  const add = (name: string, overload: OverloadModel) => {
    const list = functions.get(name);
    if (list) list.push(overload);
    else functions.set(name, [overload]);
  };
  const named = new Set<string>();
  for (const routine of [...catalog.routines.values()].flat()) {
    if (routine.schema !== schema) continue;
    add(routine.name, buildOverload(routine, catalog, generated));
    const [only, second] = routine.parameters;
    const type = only && !second ? parseTypeName(only.type) : undefined;
    if (type) named.add(key(routine.name, key(type.schema, type.name)));
  }
  // Functions of an unnamed row cannot be called, but embedded or selected.
  for (const relationship of [...catalog.relationships.values()].flat()) {
    if (relationship.kind !== 'computed' || relationship.routine.schema !== schema) continue;
    const { source, target, routine, toOne } = relationship;
    if (source.schema !== schema || target.schema !== schema) continue;
    const row = resolveRow(source.schema, source.name, catalog, generated);
    if (named.has(key(routine.name, key(source.schema, source.name)))) continue;
    const returned = resolveRow(target.schema, target.name, catalog, generated);
    add(routine.name, {
      parameters: [{ name: '', type: row, required: true }],
      returns: toOne ? returned : { kind: 'array', of: returned },
      rows: { from: source.name, to: target.name, isOneToOne: toOne, isSetof: true },
    });
  }
  // Clients older than `ComputedFields` know computed fields by the functions that take the row without a name.
  for (const relation of relations) {
    const row = resolveRow(schema, relation.name, catalog, generated);
    for (const { name, type } of buildComputed(relation, catalog, generated)) {
      if (named.has(key(name, key(schema, relation.name)))) continue;
      const refusal = `${name} is a computed field: select it from ${relation.name}`;
      add(name, { parameters: [{ name: '', type: row, required: true }], returns: type, refusal });
    }
  }
  return [...functions].map(([name, overloads]) => ({ name, overloads })).sort(byName);
}

function buildOverload(routine: Routine, catalog: Catalog, generated: ReadonlySet<string>): OverloadModel {
  const { returns, outputs = [] } = routine;
  const parameters = routine.parameters
    .map(({ name, type, required }) => ({ name, required, type: resolveType(type, catalog, generated) }))
    .sort(byName);
  const element =
    outputs.length > 0
      ? resolveObject([...outputs].sort(byName), catalog, generated)
      : resolveType(returns.typeText, catalog, generated);
  const isRows =
    (element.kind === 'table' || element.kind === 'view') && element.name.schema === routine.schema;
  if (!isRows) return { parameters, returns: returns.setof ? { kind: 'array', of: element } : element };

  const argument = parameters.length === 1 ? parameters[0]!.type : undefined;
  const from =
    (argument?.kind === 'table' || argument?.kind === 'view') && argument.name.schema === routine.schema
      ? argument.name
      : undefined;
  const isToOne =
    !returns.setof || (from !== undefined && isComputedToOne(routine, from.schema, from.name, catalog));
  return {
    parameters,
    returns: isToOne ? element : { kind: 'array', of: element },
    rows: { from: from?.name ?? '*', to: element.name.name, isOneToOne: isToOne, isSetof: returns.setof },
  };
}

function isComputedToOne(routine: Routine, schema: string, name: string, catalog: Catalog): boolean {
  return (catalog.relationships.get(key(schema, name)) ?? []).some(
    relationship =>
      relationship.kind === 'computed' &&
      relationship.toOne &&
      relationship.routine.schema === routine.schema &&
      relationship.routine.name === routine.name,
  );
}

function resolveRow(schema: string, name: string, catalog: Catalog, generated: ReadonlySet<string>): TypeRef {
  const table = catalog.tables.get(key(schema, name));
  if (!table || !generated.has(schema)) return { kind: 'record' };
  return { kind: isViewKind(table.kind) ? 'view' : 'table', name: { schema, name } };
}

/** Entries of one schema by name. */
function ofSchema<T>(
  map: ReadonlyMap<string, T> | undefined,
  schema: string,
): readonly (readonly [string, T])[] {
  return [...(map ?? [])]
    .filter(([id]) => id.startsWith(key(schema, '')))
    .map(([id, value]) => [id.slice(schema.length + 1), value] as const)
    .sort(([a], [b]) => compare(a, b));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
