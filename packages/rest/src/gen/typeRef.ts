import { type Attribute, type Catalog, castKey, key, type QualifiedName } from '@peakstone/kernel/catalog';
import { parseTypeName } from '../typeName.ts';

/** What a value is in the API's JSON, apart from any language. */
export type TypeRef =
  | {
      readonly kind:
        | 'boolean'
        | 'integer'
        | 'number'
        | 'string'
        | 'uuid'
        | 'json'
        | 'void'
        | 'unknown'
        | 'record';
    }
  | { readonly kind: 'array'; readonly of: TypeRef }
  /** A named type of a schema that is generated too. */
  | { readonly kind: 'enum' | 'composite' | 'table' | 'view'; readonly name: QualifiedName }
  /** An enum that has no name to refer to. */
  | { readonly kind: 'labels'; readonly labels: readonly string[] }
  | {
      readonly kind: 'object';
      readonly fields: readonly { readonly name: string; readonly type: TypeRef }[];
    };

const INTEGERS = ['smallint', 'integer', 'bigint', 'oid'];
const NUMBERS = ['numeric', 'real', 'double precision', 'money'];

/** Composite types within composite types deeper than this become unknown. */
const MAX_DEPTH = 16;

/**
 * Finds what a type, as `format_type` prints it, is in JSON. Types of schemas that are not generated are spelled out.
 * Whatever PostgreSQL does not write as a number, boolean, array or object is a string.
 */
export function resolveType(
  text: string,
  catalog: Catalog,
  generated: ReadonlySet<string>,
  depth = 0,
): TypeRef {
  if (text.endsWith('[]'))
    return { kind: 'array', of: resolveType(text.slice(0, -2), catalog, generated, depth) };
  // A cast to json replaces what PostgreSQL would write by itself.
  if (catalog.representations.has(castKey(text, 'json'))) return { kind: 'json' };
  const name = parseTypeName(text);
  if (!name) return resolveBuiltin(text);

  const id = key(name.schema, name.name);
  const isGenerated = generated.has(name.schema);
  const labels = catalog.enums?.get(id);
  if (labels) return isGenerated ? { kind: 'enum', name } : { kind: 'labels', labels };
  const attributes = catalog.compositeTypes?.get(id);
  if (attributes) {
    if (isGenerated) return { kind: 'composite', name };
    return depth < MAX_DEPTH ? resolveObject(attributes, catalog, generated, depth + 1) : { kind: 'unknown' };
  }
  const base = catalog.domains?.get(id);
  if (base !== undefined) return resolveType(base, catalog, generated, depth);
  const table = catalog.tables.get(id);
  if (table) {
    if (!isGenerated || table.isPartition) return { kind: 'record' };
    return { kind: isViewKind(table.kind) ? 'view' : 'table', name };
  }
  // Types of extensions, written as text unless a cast says otherwise.
  return name.name === 'citext' || name.name === 'vector' ? { kind: 'string' } : { kind: 'unknown' };
}

/** An object of named values: OUT arguments, RETURNS TABLE, or a composite type. */
export function resolveObject(
  attributes: readonly Attribute[],
  catalog: Catalog,
  generated: ReadonlySet<string>,
  depth = 0,
): TypeRef {
  return {
    kind: 'object',
    fields: attributes.map(({ name, type }) => ({
      name,
      type: resolveType(type, catalog, generated, depth),
    })),
  };
}

/** Whether the API treats the relation as a view: without keys of its own, every column nullable. */
export function isViewKind(kind: string): boolean {
  return kind === 'view' || kind === 'materialized';
}

function resolveBuiltin(text: string): TypeRef {
  const type = text.replace(/\(.*\)/, '');
  if (type === 'boolean') return { kind: 'boolean' };
  if (INTEGERS.includes(type)) return { kind: 'integer' };
  // Money is written with its currency.
  if (NUMBERS.includes(type)) return { kind: type === 'money' ? 'string' : 'number' };
  if (type === 'json' || type === 'jsonb') return { kind: 'json' };
  if (type === 'uuid') return { kind: 'uuid' };
  if (type === 'void') return { kind: 'void' };
  if (type === 'record') return { kind: 'record' };
  if (type.startsWith('any')) return { kind: 'unknown' };
  return { kind: 'string' };
}
