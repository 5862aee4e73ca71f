/**
 * Metadata whose tables and columns are called otherwise by now, wherever it names them: configuration, relationships,
 * permissions with their conditions, event triggers, computed results and what other parts join them by. Pure.
 */
import { isTable } from '../definition/edit.ts';
import {
  type ForeignKeyOn,
  type Json,
  type JsonObject,
  type ManualRelationship,
  type Metadata,
  type QualifiedTable,
  qualify,
  type RemoteSchema,
  type Source,
  type TableConfiguration,
  type TableMetadata,
} from '../definition/metadata.ts';
import type { TableName } from '../ir/boolExp.ts';
import { type SourceModel, type TableModel, tableKey } from '../model/types.ts';

/** New names by old ones. Columns are by the old name of their table. */
export interface Renames {
  readonly tables: ReadonlyMap<string, TableName>;
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** `model`: the source as it was, which says what conditions lead to. */
export function withRenames(metadata: Metadata, model: SourceModel, renames: Renames): Metadata {
  if (renames.tables.size === 0 && renames.columns.size === 0) return metadata;
  const renamer = new Renamer(model, renames);
  const types = metadata.custom_types;
  const remotes = metadata.remote_schemas;
  return {
    ...metadata,
    sources: metadata.sources.map(source =>
      renamer.leadingHere(source.name === model.name ? renamer.source(source) : source),
    ),
    ...(remotes && { remote_schemas: remotes.map(schema => renamer.remoteSchema(schema)) }),
    ...(types?.objects && {
      custom_types: { ...types, objects: types.objects.map(object => renamer.customObject(object)) },
    }),
  };
}

class Renamer {
  readonly #model: SourceModel;
  readonly #renames: Renames;

  constructor(model: SourceModel, renames: Renames) {
    this.#model = model;
    this.#renames = renames;
  }

  source(source: Source): Source {
    const { functions, native_queries: queries } = source;
    return {
      ...source,
      tables: source.tables.map(table => this.#table(table)),
      ...(functions && {
        functions: functions.map(each => {
          const response = each.configuration?.response;
          if (response?.table === undefined) return each;
          const table = this.#name(response.table as unknown as QualifiedTable) as unknown as Json;
          return { ...each, configuration: { ...each.configuration, response: { ...response, table } } };
        }),
      }),
      ...(queries && {
        native_queries: queries.map(query => ({
          ...query,
          ...this.#relationships(query, null),
        })),
      }),
    };
  }

  /** Relationships to this source's tables, whichever source they begin in. */
  leadingHere(source: Source): Source {
    const tables = source.tables.map(table => {
      const list = table.remote_relationships;
      if (!list) return table;
      const remote_relationships = list.map(each => ({ ...each, definition: this.#target(each.definition) }));
      return { ...table, remote_relationships } as TableMetadata;
    });
    return { ...source, tables };
  }

  remoteSchema(schema: RemoteSchema): RemoteSchema {
    const types = schema.remote_relationships;
    if (!types) return schema;
    const changed = types.map(type => ({
      ...type,
      relationships: type.relationships.map(each => ({
        ...each,
        definition: this.#target(each.definition) ?? each.definition,
      })),
    }));
    return { ...schema, remote_relationships: changed };
  }

  /** Table and columns that a relationship from elsewhere leads to. */
  #target(definition: JsonObject | undefined): JsonObject | undefined {
    const to = definition?.to_source;
    if (!isObject(to) || to.source !== this.#model.name || to.table === undefined) return definition;
    const target = to.table as unknown as QualifiedTable;
    const mapping = this.#mapping(to.field_mapping as Record<string, string>, null, qualify(target));
    const table = this.#name(target) as unknown as Json;
    return { ...definition, to_source: { ...to, table, field_mapping: mapping } };
  }

  /** Columns that a relationship out of the source begins with. */
  #members(definition: JsonObject | undefined, name: TableName): JsonObject | undefined {
    if (!definition) return definition;
    const { to_source: source, to_remote_schema: schema } = definition;
    if (isObject(source)) {
      const mapping = this.#keys(source.field_mapping as JsonObject, name);
      return { ...definition, to_source: { ...source, field_mapping: mapping } };
    }
    if (isObject(schema)) return { ...definition, to_remote_schema: this.#call(schema, 'lhs_fields', name) };
    return this.#call(definition, 'hasura_fields', name);
  }

  #call(call: JsonObject, member: string, name: TableName): JsonObject {
    const fields = call[member];
    return {
      ...call,
      ...(Array.isArray(fields) && { [member]: this.#columns(fields, name) }),
      ...(call.remote_field !== undefined && { remote_field: this.#template(call.remote_field, name) }),
    };
  }

  /** `"$name"` stands for a column. */
  #template(template: Json, name: TableName): Json {
    if (typeof template === 'string')
      return template.startsWith('$') ? `$${this.#column(name, template.slice(1))}` : template;
    if (Array.isArray(template)) return (template as readonly Json[]).map(each => this.#template(each, name));
    if (!isObject(template)) return template;
    const members = Object.entries(template).map(([key, value]) => [key, this.#template(value, name)]);
    return Object.fromEntries(members) as JsonObject;
  }

  /** Relationships of what actions answer. */
  customObject(object: Json): Json {
    const { relationships } = (object ?? {}) as JsonObject;
    if (!Array.isArray(relationships)) return object;
    const changed = (relationships as readonly JsonObject[]).map(each => {
      const { source = 'default', remote_table: table, field_mapping: mapping } = each;
      if (source !== this.#model.name || table === undefined) return each;
      const target = table as unknown as QualifiedTable;
      return {
        ...each,
        remote_table: this.#name(target) as unknown as Json,
        field_mapping: this.#mapping(mapping as Record<string, string>, null, qualify(target)),
      };
    });
    return { ...(object as JsonObject), relationships: changed };
  }

  #table(table: TableMetadata): TableMetadata {
    const name = qualify(table.table);
    const changed: Record<string, unknown> = {
      ...table,
      table: this.#name(table.table),
      ...this.#relationships(table, name),
    };
    if (table.configuration) changed.configuration = this.#configuration(table.configuration, name);
    for (const section of ['select', 'insert', 'update', 'delete'] as const) {
      const permissions = table[`${section}_permissions`];
      if (!permissions) continue;
      changed[`${section}_permissions`] = permissions.map(each => ({
        ...each,
        permission: this.#permission(each.permission as unknown as JsonObject, name),
      }));
    }
    if (table.remote_relationships)
      changed.remote_relationships = table.remote_relationships.map(each => ({
        ...each,
        definition: this.#members(each.definition, name),
      }));
    if (table.event_triggers)
      changed.event_triggers = table.event_triggers.map(trigger => ({
        ...trigger,
        definition: this.#trigger(trigger.definition, name),
      }));
    return changed as unknown as TableMetadata;
  }

  #configuration(configuration: TableConfiguration, name: TableName): TableConfiguration {
    const { custom_column_names: names, column_config: columns } = configuration;
    return {
      ...configuration,
      ...(names && { custom_column_names: this.#keys(names, name) }),
      ...(columns && { column_config: this.#keys(columns, name) }),
    };
  }

  /** `on` is null where the columns are no table's. */
  #relationships(
    {
      object_relationships: objects,
      array_relationships: arrays,
    }: Pick<TableMetadata, 'object_relationships' | 'array_relationships'>,
    on: TableName | null,
  ): Pick<TableMetadata, 'object_relationships' | 'array_relationships'> {
    const each = <R extends { readonly using: unknown }>(relationship: R): R => ({
      ...relationship,
      using: this.#using(relationship.using as Using, on),
    });
    return {
      ...(objects && { object_relationships: objects.map(each) }),
      ...(arrays && { array_relationships: arrays.map(each) }),
    };
  }

  #using(using: Using, on: TableName | null): Using {
    const { foreign_key_constraint_on: key, manual_configuration: manual } = using;
    if (manual) {
      const target = manual.remote_table === undefined ? null : qualify(manual.remote_table);
      return {
        manual_configuration: {
          ...manual,
          ...(manual.remote_table !== undefined && { remote_table: this.#name(manual.remote_table) }),
          column_mapping: this.#mapping(manual.column_mapping, on, target),
        },
      };
    }
    if (typeof key === 'string') return { foreign_key_constraint_on: this.#column(on, key) };
    if (Array.isArray(key))
      return { foreign_key_constraint_on: (key as readonly string[]).map(each => this.#column(on, each)) };
    if (key === undefined) return using;
    const { table, column, columns } = key as ForeignKeyOn;
    const target = qualify(table);
    return {
      foreign_key_constraint_on: {
        table: this.#name(table),
        ...(column !== undefined && { column: this.#column(target, column) }),
        ...(columns && { columns: columns.map(each => this.#column(target, each)) }),
      },
    };
  }

  #permission(permission: JsonObject, name: TableName): JsonObject {
    const changed: Record<string, Json> = { ...permission };
    const { columns, set, filter, check } = permission;
    if (Array.isArray(columns)) changed.columns = this.#columns(columns, name);
    if (isObject(set)) changed.set = this.#keys(set, name);
    if (isObject(filter)) changed.filter = this.#condition(filter, this.#scope(name));
    if (isObject(check)) changed.check = this.#condition(check, this.#scope(name));
    return changed;
  }

  #trigger(definition: JsonObject, name: TableName): JsonObject {
    const changed: Record<string, Json> = { ...definition };
    for (const operation of ['insert', 'update', 'delete']) {
      const spec = definition[operation];
      if (!isObject(spec)) continue;
      const lists = Object.entries(spec).map(([member, columns]) => [
        member,
        Array.isArray(columns) ? this.#columns(columns, name) : columns,
      ]);
      changed[operation] = Object.fromEntries(lists) as JsonObject;
    }
    return changed;
  }

  #condition(condition: Json, scope: Scope): Json {
    if (!isObject(condition) || !scope.table) return condition;
    return Object.fromEntries(
      Object.entries(condition).map(([key, value]) => this.#member(key, value, scope.table!, scope.root!)),
    );
  }

  #member(key: string, value: Json, table: TableModel, root: TableModel): readonly [string, Json] {
    switch (key.replace(/^\$/, '_')) {
      case '_and':
      case '_or':
        return [
          key,
          Array.isArray(value) ? value.map(each => this.#condition(each, { table, root })) : value,
        ];
      case '_not':
        return [key, this.#condition(value, { table, root })];
      case '_exists': {
        if (!isObject(value) || value._table === undefined) return [key, value];
        const target = value._table as unknown as QualifiedTable;
        const scope = { table: this.#scope(qualify(target)).table, root };
        const where = value._where === undefined ? {} : { _where: this.#condition(value._where, scope) };
        return [key, { ...value, _table: this.#name(target) as unknown as Json, ...where }];
      }
    }
    if (table.columns.has(key)) return [this.#column(table.name, key), this.#operators(value, table, root)];
    const relationship = table.relationships.get(key);
    if (relationship)
      return [key, this.#condition(value, { table: this.#scope(relationship.target).table, root })];
    const computed = table.computedFields.get(key)?.returns;
    return [key, computed?.kind === 'table' ? this.#condition(value, this.#scope(computed.table)) : value];
  }

  /** Other columns that a column is compared with. */
  #operators(value: Json, table: TableModel, root: TableModel): Json {
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([operator, right]) => {
        if (!/^[_$]c(?:eq|neq?|gte?|lte?)$/.test(operator)) return [operator, right];
        if (typeof right === 'string') return [operator, this.#column(table.name, right)];
        if (!Array.isArray(right)) return [operator, right];
        const of = right[0] === '$' ? root : table;
        return [
          operator,
          right.map((part, i) => (i === right.length - 1 ? this.#column(of.name, String(part)) : part)),
        ];
      }),
    );
  }

  #scope(name: TableName): Scope {
    const table = this.#model.tables.get(tableKey(name));
    return { table, root: table };
  }

  /** As it was written: a name alone is one of the schema public. */
  #name(given: QualifiedTable): QualifiedTable {
    const renamed = this.#renames.tables.get(tableKey(qualify(given)));
    if (!renamed || isTable(given, renamed)) return given;
    return typeof given === 'string' && renamed.schema === 'public' ? renamed.name : renamed;
  }

  #column(table: TableName | null, name: string): string {
    return (table && this.#renames.columns.get(tableKey(table))?.get(name)) ?? name;
  }

  #columns(names: readonly Json[], table: TableName): readonly Json[] {
    return names.map(name => (typeof name === 'string' ? this.#column(table, name) : name));
  }

  #keys<V>(members: Readonly<Record<string, V>>, table: TableName): Record<string, V> {
    return Object.fromEntries(
      Object.entries(members).map(([column, value]) => [this.#column(table, column), value]),
    );
  }

  #mapping(
    mapping: Readonly<Record<string, string>>,
    from: TableName | null,
    to: TableName | null,
  ): Record<string, string> {
    return Object.fromEntries(
      Object.entries(mapping).map(([own, other]) => [this.#column(from, own), this.#column(to, other)]),
    );
  }
}

interface Scope {
  readonly table: TableModel | undefined;
  readonly root: TableModel | undefined;
}

interface Using {
  readonly foreign_key_constraint_on?: string | readonly string[] | ForeignKeyOn;
  readonly manual_configuration?: ManualRelationship;
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
