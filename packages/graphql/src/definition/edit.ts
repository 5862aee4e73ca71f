/** Changes of the metadata, which is never mutated: each gives another one. Pure. */
import { HasuraError } from '../errors.ts';
import type { TableName } from '../ir/boolExp.ts';
import {
  type Metadata,
  type QualifiedTable,
  qualify,
  type RemoteSchema,
  type RemoteTypeRelationships,
  type Source,
  type TableMetadata,
} from './metadata.ts';

export const defaultSource = 'default';

/** @throws {HasuraError} not-exists */
export function sourceIn(metadata: Metadata, name: string): Source {
  const source = metadata.sources.find(each => each.name === name);
  if (!source) throw new HasuraError('not-exists', `source with name "${name}" does not exist`);
  return source;
}

export function withSource(metadata: Metadata, name: string, change: (source: Source) => Source): Metadata {
  sourceIn(metadata, name);
  return {
    ...metadata,
    sources: metadata.sources.map(source => (source.name === name ? change(source) : source)),
  };
}

export function isTable(given: QualifiedTable, name: TableName): boolean {
  const qualified = qualify(given);
  return qualified.schema === name.schema && qualified.name === name.name;
}

export function tableIn(source: Source, name: TableName): TableMetadata | undefined {
  return source.tables.find(({ table }) => isTable(table, name));
}

/** @throws {HasuraError} not-exists for a table that is not tracked */
export function withTable(
  metadata: Metadata,
  sourceName: string,
  name: TableName,
  change: (table: TableMetadata) => TableMetadata,
): Metadata {
  return withSource(metadata, sourceName, source => ({
    ...source,
    tables: source.tables.map(table => (isTable(table.table, name) ? change(table) : table)),
  }));
}

/** Changes the relationships of one remote schema's types; a list that becomes empty goes altogether. */
export function withRemoteTypes(
  metadata: Metadata,
  name: string,
  change: (types: readonly RemoteTypeRelationships[]) => readonly RemoteTypeRelationships[],
): Metadata {
  return {
    ...metadata,
    remote_schemas: (metadata.remote_schemas ?? []).map(schema => {
      if (schema.name !== name) return schema;
      const types = change(schema.remote_relationships ?? []);
      return compact({
        ...schema,
        remote_relationships: types.length > 0 ? types : undefined,
      }) as RemoteSchema;
    }),
  };
}

/** An object without members that are undefined, as exports have it. */
export function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
