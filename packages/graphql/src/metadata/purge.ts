/** Metadata without one of its parts. Pure. */

import { isTable, withRemoteTypes } from '../definition/edit.ts';
import { type Metadata, qualify, type Source, type TableMetadata } from '../definition/metadata.ts';
import type { MetadataObject } from '../model/types.ts';

/** The same metadata when it has no such part. */
export function withoutObject(metadata: Metadata, object: MetadataObject): Metadata {
  switch (object.kind) {
    case 'source':
      return { ...metadata, sources: metadata.sources.filter(({ name }) => name !== object.source) };
    case 'other':
      return withoutOther(metadata, object.section, object.name);
    case 'remoteSchemaPermission':
      return {
        ...metadata,
        remote_schemas: (metadata.remote_schemas ?? []).map(schema =>
          schema.name === object.schema
            ? withoutMember(schema, 'permissions', each => (each as { role?: string }).role === object.role)
            : schema,
        ),
      };
    case 'table':
      return inSource(metadata, object.source, source => ({
        ...source,
        tables: source.tables.filter(({ table }) => !isTable(table, object.table)),
      }));
    case 'function':
      return inSource(metadata, object.source, source =>
        withoutMember(source, 'functions', each => isTable(each.function, object.function)),
      );
    case 'nativeQuery':
      return inSource(metadata, object.source, source =>
        withoutMember(source, 'native_queries', each => each.root_field_name === object.name),
      );
    case 'relationship':
      return inTable(metadata, object, table =>
        withoutMember(
          withoutMember(table, 'object_relationships', ({ name }) => name === object.name),
          'array_relationships',
          ({ name }) => name === object.name,
        ),
      );
    case 'remoteRelationship':
      return inTable(metadata, object, table =>
        withoutMember(table, 'remote_relationships', ({ name }) => name === object.name),
      );
    case 'remoteTypeRelationship':
      return withRemoteTypes(metadata, object.schema, types =>
        types.flatMap(each => {
          if (each.type_name !== object.type) return [each];
          const relationships = each.relationships.filter(({ name }) => name !== object.name);
          return relationships.length > 0 ? [{ ...each, relationships }] : [];
        }),
      );
    case 'computedField':
      return inTable(metadata, object, table =>
        withoutMember(table, 'computed_fields', ({ name }) => name === object.name),
      );
    case 'eventTrigger':
      return inTable(metadata, object, table =>
        withoutMember(table, 'event_triggers', ({ name }) => name === object.name),
      );
    case 'permission':
      return inTable(metadata, object, table =>
        withoutMember(table, `${object.permission}_permissions`, ({ role }) => role === object.role),
      );
  }
}

function inSource(metadata: Metadata, name: string, change: (source: Source) => Source): Metadata {
  return {
    ...metadata,
    sources: metadata.sources.map(source => (source.name === name ? change(source) : source)),
  };
}

function inTable(
  metadata: Metadata,
  { source, table: name }: Extract<MetadataObject, { readonly table: unknown }>,
  change: (table: TableMetadata) => TableMetadata,
): Metadata {
  return inSource(metadata, source, found => ({
    ...found,
    tables: found.tables.map(each => (isTable(qualify(each.table), name) ? change(each) : each)),
  }));
}

type ListsOf<T> = { [K in keyof T]-?: NonNullable<T[K]> extends readonly (infer E)[] ? E : never };

/** A list that becomes empty goes altogether, as exports have it. */
function withoutMember<T extends object, K extends keyof T & string>(
  object: T,
  list: K,
  isGone: (member: ListsOf<T>[K]) => boolean,
): T {
  const members = object[list] as readonly ListsOf<T>[K][] | undefined;
  if (!members?.some(isGone)) return object;
  const rest = members.filter(each => !isGone(each));
  const { [list]: _, ...others } = object;
  return (rest.length > 0 ? { ...object, [list]: rest } : others) as T;
}

function withoutOther(metadata: Metadata, section: string, name: string): Metadata {
  const known = metadata as unknown as Readonly<Record<string, unknown>>;
  if (!Array.isArray(known[section])) {
    const { [section]: _, ...rest } = known;
    return rest as unknown as Metadata;
  }
  const members = known as Readonly<Record<string, readonly Record<string, unknown>[]>>;
  const isGone = (each: Record<string, unknown>): boolean =>
    (each.name ?? each.role_name ?? each.collection) === name;
  return withoutMember(members, section, isGone as never) as unknown as Metadata;
}
