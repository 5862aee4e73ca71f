/** A remote schema's answer to introspection becomes a document; what is no schema is refused in the reference's words. Pure. */
import { HasuraError } from '../errors.ts';
import { listOf, named, showType, type TypeRef } from '../ir/typeRef.ts';
import type { RemoteDocument, RemoteField, RemoteInput, RemoteType } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

/** As deep as lists within lists go. */
const typeRef = `kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } }`;

export const introspectionQuery = `query IntrospectionQuery { __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  types { kind name description
    fields(includeDeprecated: true) { name description args { name description type { ${typeRef} } defaultValue } type { ${typeRef} } }
    inputFields { name description type { ${typeRef} } defaultValue }
    interfaces { kind name ofType { name } }
    enumValues(includeDeprecated: true) { name description }
    possibleTypes { kind name ofType { name } } } } }`;

/** Types that a schema of ours has not room for. */
const maxTypes = 20_000;
const maxRefDepth = 16;

/** @throws {HasuraError} remote-schema-error */
export function readIntrospection(answer: unknown): RemoteDocument {
  const schema = ((answer as Json | null)?.data as Json | undefined)?.__schema as Json | undefined;
  if (!schema || !Array.isArray(schema.types)) throw refused('the answer to introspection holds no schema');
  if (schema.types.length > maxTypes) throw refused(`the schema has more than ${maxTypes} types`);
  const types = new Map<string, RemoteType>();
  for (const [i, each] of (schema.types as Json[]).entries()) {
    const type = readType(each, ['types', i]);
    if (type && !type.name.startsWith('__')) types.set(type.name, type);
  }
  const root = (member: string): string | null => {
    const name = (schema[member] as Json | null | undefined)?.name;
    return typeof name === 'string' && types.has(name) ? name : null;
  };
  const query = root('queryType');
  if (query === null) throw refused('the schema has no query type');
  const document = { types, query, mutation: root('mutationType'), subscription: root('subscriptionType') };
  for (const type of types.values()) assertType(type, document);
  return document;
}

function readType(type: Json, path: readonly (string | number)[]): RemoteType | null {
  const name = readName(type.name, [...path, 'name']);
  const base = { name, description: textOrNull(type.description) };
  switch (type.kind) {
    case 'SCALAR':
      return { kind: 'scalar', ...base };
    case 'ENUM':
      return {
        kind: 'enum',
        ...base,
        values: new Map(
          listIn(type.enumValues).map(each => [String(each.name), textOrNull(each.description)]),
        ),
      };
    case 'INPUT_OBJECT':
      return { kind: 'input', ...base, fields: readInputs(type.inputFields) };
    case 'UNION':
      return {
        kind: 'union',
        ...base,
        possibleTypes: readNames(type.possibleTypes, [...path, 'possibleTypes']),
      };
    case 'INTERFACE':
      return {
        kind: 'interface',
        ...base,
        fields: readFields(type.fields),
        possibleTypes: readNames(type.possibleTypes, [...path, 'possibleTypes']),
      };
    case 'OBJECT':
      return {
        kind: 'object',
        ...base,
        fields: readFields(type.fields),
        interfaces: readNames(type.interfaces, [...path, 'interfaces']),
      };
    default:
      return null;
  }
}

function listIn(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function readName(value: unknown, path: readonly (string | number)[]): string {
  if (typeof value === 'string') return value;
  const place = path.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  throw refused(
    `Error in $${place}: parsing Name failed, expected String, but encountered ${value === null ? 'Null' : 'Object'}`,
  );
}

function readNames(list: unknown, path: readonly (string | number)[]): readonly string[] {
  return listIn(list).map((each, i) => readName(each.name, [...path, i, 'name']));
}

function readFields(list: unknown): ReadonlyMap<string, RemoteField> {
  return new Map(
    listIn(list).map(field => [
      String(field.name),
      { type: readRef(field.type), description: textOrNull(field.description), args: readInputs(field.args) },
    ]),
  );
}

function readInputs(list: unknown): ReadonlyMap<string, RemoteInput> {
  return new Map(
    listIn(list).map(input => [
      String(input.name),
      {
        type: readRef(input.type),
        description: textOrNull(input.description),
        default: textOrNull(input.defaultValue),
      },
    ]),
  );
}

function readRef(value: unknown, depth = 0): TypeRef {
  const { kind, name, ofType } = (value ?? {}) as Json;
  if (depth > maxRefDepth) throw refused('a type is nested too deeply');
  if (kind === 'NON_NULL') return { ...readRef(ofType, depth + 1), nonNull: true };
  if (kind === 'LIST') return listOf(readRef(ofType, depth + 1));
  return named(readName(name, ['type', 'name']));
}

function assertType(type: RemoteType, { types }: RemoteDocument): void {
  if (type.kind === 'interface' && type.fields.size === 0)
    throw refused(`List of fields cannot be empty for interface '${type.name}'`);
  if (type.kind === 'union') {
    if (type.possibleTypes.length === 0)
      throw refused(`List of member types cannot be empty for union type '${type.name}'`);
    for (const name of type.possibleTypes) {
      const member = types.get(name);
      if (!member)
        throw refused(
          `Could not find type '${name}', which is defined as a member type of Union '${type.name}'`,
        );
      if (member.kind !== 'object')
        throw refused(`Union type '${type.name}' can only include object types. It cannot include '${name}'`);
    }
  }
  if (type.kind === 'object')
    for (const name of type.interfaces) {
      const found = types.get(name);
      if (found?.kind !== 'interface')
        throw refused(`Could not find interface '${name}' implemented by Object type '${type.name}'`);
      for (const [field, wanted] of found.fields) assertField(type, found, field, wanted, types);
    }
}

function assertField(
  object: RemoteType & { readonly kind: 'object' },
  { name: interfaceName }: RemoteType,
  field: string,
  wanted: RemoteField,
  types: RemoteDocument['types'],
): void {
  const ofInterface = `Interface field '${interfaceName}'."${field}"`;
  const ofObject = `'${object.name}'."${field}"`;
  const found = object.fields.get(field);
  if (!found) throw refused(`${ofInterface} expected, but '${object.name}' does not provide it`);
  if (!isSubtype(found.type, wanted.type, types))
    throw refused(
      `The type of Object field ${ofObject} (${showType(found.type)}) is not the same type/sub type of ${ofInterface} (${showType(wanted.type)})`,
    );
  for (const [name, argument] of wanted.args) {
    const given = found.args.get(name);
    const shown = `Interface field argument '${interfaceName}'."${field}"("${name}":)`;
    if (!given) throw refused(`${shown} required, but Object field ${ofObject} does not provide it`);
    if (showType(given.type) !== showType(argument.type))
      throw refused(
        `${shown} expects type ${showType(argument.type)}, but Object field argument ${ofObject}("${name}":) has type ${showType(given.type)}`,
      );
  }
  for (const [name, argument] of found.args)
    if (!wanted.args.has(name) && argument.type.nonNull)
      throw refused(
        `Object field argument ${ofObject}("${name}":) is of required type ${showType(argument.type)}, but is not provided by ${ofInterface}`,
      );
}

function isSubtype(type: TypeRef, wanted: TypeRef, types: RemoteDocument['types']): boolean {
  if (wanted.nonNull && !type.nonNull) return false;
  if (wanted.kind === 'list') return type.kind === 'list' && isSubtype(type.of, wanted.of, types);
  if (type.kind === 'list') return false;
  if (type.name === wanted.name) return true;
  const of = types.get(wanted.name);
  return (of?.kind === 'interface' || of?.kind === 'union') && of.possibleTypes.includes(type.name);
}

function refused(message: string): HasuraError {
  return new HasuraError('remote-schema-error', message);
}
