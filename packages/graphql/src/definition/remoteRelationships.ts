/**
 * Relationships that leave the source or the remote schema they begin in.
 * @see https://hasura.io/docs/2.0/api-reference/metadata-api/remote-relationships/
 */
import { HasuraError, type Path } from '../errors.ts';
import type { Json, JsonObject, QualifiedTable } from './metadata.ts';

/** A field of a remote schema, its arguments, and the one field below that is meant. */
export interface RemoteCallConf {
  readonly [field: string]: {
    readonly arguments?: JsonObject | null;
    readonly field?: RemoteCallConf | null;
  };
}

export type RemoteRelationshipDefinition =
  | {
      readonly kind: 'source';
      readonly source: string;
      readonly table: QualifiedTable;
      readonly type: 'object' | 'array';
      readonly mapping: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'remoteSchema';
      readonly schema: string;
      /** Members of what the relationship begins in. */
      readonly fields: readonly string[];
      readonly call: RemoteCallConf;
    };

/** Either form, of which the older one knew remote schemas alone. @throws {HasuraError} parse-failed */
export function readRemoteRelationship(
  definition: Json | undefined,
  path: Path,
): RemoteRelationshipDefinition {
  const given = objectOf(definition, path);
  if (given.to_source !== undefined) {
    const at = [...path, 'to_source'];
    const to = objectOf(given.to_source, at);
    const type = to.relationship_type;
    if (type !== 'object' && type !== 'array')
      throw failed('expecting "object" or "array"', [...at, 'relationship_type']);
    return {
      kind: 'source',
      source: textOf(to, 'source', at),
      table: required(to, 'table', at) as QualifiedTable,
      type,
      mapping: objectOf(to.field_mapping, [...at, 'field_mapping']) as Readonly<Record<string, string>>,
    };
  }
  const isOlder = given.to_remote_schema === undefined;
  const at = isOlder ? path : [...path, 'to_remote_schema'];
  const to = isOlder ? given : objectOf(given.to_remote_schema, at);
  const member = isOlder ? 'hasura_fields' : 'lhs_fields';
  const fields = required(to, member, at);
  if (!Array.isArray(fields)) throw failed('parsing [] failed, expected Array', [...at, member]);
  return {
    kind: 'remoteSchema',
    schema: textOf(to, 'remote_schema', at),
    fields: fields as readonly string[],
    call: objectOf(to.remote_field, [...at, 'remote_field']) as unknown as RemoteCallConf,
  };
}

function required(object: JsonObject, name: string, path: Path): Json {
  const value = object[name];
  if (value === undefined) throw failed(`parsing Object failed, key "${name}" not found`, path);
  return value;
}

function textOf(object: JsonObject, name: string, path: Path): string {
  const value = required(object, name, path);
  if (typeof value !== 'string') throw failed('parsing Text failed, expected String', [...path, name]);
  return value;
}

function objectOf(value: Json | undefined, path: Path): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw failed('parsing Object failed, expected Object', path);
  return value as JsonObject;
}

function failed(message: string, path: Path): HasuraError {
  return new HasuraError('parse-failed', message, { path });
}
