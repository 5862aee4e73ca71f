/** Names of a remote schema's types and fields, as its customization has them. Pure. */
import type { RemoteCustomization } from '../definition/remoteSchemas.ts';
import { HasuraError } from '../errors.ts';
import type { RemoteDocument, RemoteType } from './types.ts';

export interface RemoteNames {
  readonly namespace: string | null;
  type(name: string): string;
  field(type: string, name: string): string;
}

const builtins: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);

/** @throws {HasuraError} for names that are not distinct */
export function createNames(
  document: RemoteDocument,
  given: RemoteCustomization | null | undefined,
): RemoteNames {
  const { root_fields_namespace: namespace, type_names: typeNames, field_names: fieldNames } = given ?? {};
  const roots = new Set([document.query, document.mutation, document.subscription]);
  const typeOf = (name: string): string => {
    const mapped = typeNames?.mapping?.[name];
    if (mapped !== undefined) return mapped;
    // Scalars of GraphQL are everybody's, and roots are seen by nobody.
    if (builtins.has(name) || (roots.has(name) && !namespace)) return name;
    return `${typeNames?.prefix ?? ''}${name}${typeNames?.suffix ?? ''}`;
  };
  const ofType = new Map((fieldNames ?? []).map(each => [each.parent_type, each]));
  const fieldOf = (type: string, name: string): string => {
    const names = ofType.get(type);
    return names?.mapping?.[name] ?? `${names?.prefix ?? ''}${name}${names?.suffix ?? ''}`;
  };
  assertNamesOpen(given);
  assertDistinct(
    [...document.types.keys()].map(typeOf),
    'Type name mappings are not distinct; the following types appear more than once',
  );
  for (const type of document.types.values()) assertFields(type, document, ofType, fieldOf);
  return { namespace: namespace ?? null, type: typeOf, field: fieldOf };
}

/** @throws {HasuraError} for names that are GraphQL's own */
export function assertNamesOpen(given: RemoteCustomization | null | undefined): void {
  for (const { mapping } of given?.field_names ?? [])
    if (Object.keys(mapping ?? {}).some(name => name.startsWith('__')))
      throw new HasuraError('invalid-params', 'attempt to customize reserved field name "__typename"');
}

function assertFields(
  type: RemoteType,
  { types }: RemoteDocument,
  custom: ReadonlyMap<string, unknown>,
  fieldOf: (type: string, name: string) => string,
): void {
  if (type.kind !== 'object' && type.kind !== 'interface') return;
  if (custom.has(type.name) && type.kind === 'object')
    for (const name of type.interfaces) {
      const parent = types.get(name);
      if (parent?.kind !== 'interface') continue;
      for (const field of parent.fields.keys())
        if (fieldOf(name, field) !== fieldOf(type.name, field))
          throw refused(
            `Remote schema customization inconsistency: field name mapping for field "${field}" of interface "${name}" is inconsistent with mapping for type "${type.name}". Interface field name maps to "${fieldOf(name, field)}". Type field name maps to "${fieldOf(type.name, field)}".`,
          );
    }
  assertDistinct(
    [...type.fields.keys()].map(field => fieldOf(type.name, field)),
    `Field name mappings for ${type.kind} type "${type.name}" are not distinct; the following fields appear more than once`,
  );
}

function assertDistinct(names: readonly string[], message: string): void {
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (twice.length > 0) throw refused(`${message}: ${twice.map(name => `"${name}"`).join(', ')}`);
}

function refused(message: string): HasuraError {
  return new HasuraError('remote-schema-error', message);
}
