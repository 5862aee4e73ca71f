/**
 * A role's part of a remote schema, written in GraphQL's own language: what of it is not the remote schema's is refused in
 * the reference's words. @see https://hasura.io/docs/2.0/remote-schemas/auth/remote-schema-permissions/ Pure.
 */
import { GraphQLError } from 'graphql/error/index.js';
import {
  type DefinitionNode,
  type DirectiveNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  parse,
  print,
  type TypeNode,
} from 'graphql/language/index.js';
import { HasuraError } from '../errors.ts';
import { baseName, listOf, named, showType, type TypeRef } from '../ir/typeRef.ts';
import { readPreset, showPreset } from './preset.ts';
import type { RemoteDocument, RemoteField, RemoteInput, RemoteType } from './types.ts';

const kinds: Readonly<Record<string, readonly [kind: RemoteType['kind'], shown: string]>> = {
  [Kind.SCALAR_TYPE_DEFINITION]: ['scalar', 'Scalar'],
  [Kind.ENUM_TYPE_DEFINITION]: ['enum', 'Enum'],
  [Kind.UNION_TYPE_DEFINITION]: ['union', 'Union'],
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: ['input', 'Input object'],
  [Kind.OBJECT_TYPE_DEFINITION]: ['object', 'Object'],
  [Kind.INTERFACE_TYPE_DEFINITION]: ['interface', 'Interface'],
};
const builtin: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);
const maxTokens = 500_000;

/** @throws {HasuraError} validation-failed */
export function readRoleDocument(text: string, upstream: RemoteDocument): RemoteDocument {
  const definitions = parseDefinitions(text);
  const reader = new Reader(upstream);
  const types = new Map<string, RemoteType>();
  // Types that values have come first: presets are read by them.
  const inputsFirst = [...definitions].sort((a, b) => rank(a) - rank(b));
  for (const definition of inputsFirst) reader.read(definition, types);
  reader.readPresets(definitions, types);
  const roots = rootsOf(definitions, types, reader.problems);
  // What is missing for another reason is told by that one.
  if (reader.problems.length === 0) for (const type of types.values()) reader.checkReferences(type, types);
  if (reader.problems.length > 0) throw refused(reader.problems);
  return { types: withImplementations(types), ...roots };
}

/** The same for documents that say the same in another order. */
export function documentKey({ types, query, mutation }: RemoteDocument): string {
  const inputs = (all: ReadonlyMap<string, RemoteInput>): unknown =>
    sorted(all, ({ type, preset }) => [showType(type), preset ? showPreset(preset) : null]);
  const shown = sorted(types, type => {
    switch (type.kind) {
      case 'scalar':
        return type.kind;
      case 'enum':
        return [...type.values.keys()].sort();
      case 'union':
        return [...type.possibleTypes].sort();
      case 'input':
        return inputs(type.fields);
      default:
        return sorted(type.fields, field => [showType(field.type), inputs(field.args)]);
    }
  });
  return JSON.stringify([query, mutation, shown]);
}

function sorted<V>(members: ReadonlyMap<string, V>, show: (value: V) => unknown): unknown {
  return [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, show(value)]);
}

function parseDefinitions(text: string): readonly DefinitionNode[] {
  try {
    return parse(text, { noLocation: true, maxTokens }).definitions;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new HasuraError('parse-failed', `Failed to parse the schema: ${error.message}`, { cause: error });
  }
}

function rank({ kind }: DefinitionNode): number {
  return [Kind.SCALAR_TYPE_DEFINITION, Kind.ENUM_TYPE_DEFINITION, Kind.INPUT_OBJECT_TYPE_DEFINITION].includes(
    kind as Kind.SCALAR_TYPE_DEFINITION,
  )
    ? 0
    : 1;
}

function refused(problems: readonly string[]): HasuraError {
  const distinct = [...new Set(problems)];
  const reasons =
    distinct.length === 1
      ? `because ${distinct[0]}`
      : `for the following reasons:\n${distinct.map(each => ` • ${each}\n`).join('')}`;
  return new HasuraError('validation-failed', `validation for the given role-based schema failed ${reasons}`);
}

class Reader {
  readonly problems: string[] = [];
  readonly #upstream: RemoteDocument;

  constructor(upstream: RemoteDocument) {
    this.#upstream = upstream;
  }

  read(definition: DefinitionNode, types: Map<string, RemoteType>): void {
    const [kind, shown] = kinds[definition.kind] ?? [];
    if (kind === undefined || !('name' in definition) || !definition.name) {
      if (definition.kind !== Kind.SCHEMA_DEFINITION)
        this.problems.push('only types and one schema can be defined');
      return;
    }
    const name = definition.name.value;
    const found = this.#upstream.types.get(name);
    this.#refusePresets(definition.directives);
    if (kind === 'scalar' && builtin.has(name)) return;
    if (found?.kind !== kind) {
      this.problems.push(`"${shown}": "${name}" does not exist in the upstream remote schema`);
      return;
    }
    if (types.has(name)) this.problems.push(`duplicate type names found: "${name}"`);
    const type = this.#typeOf(definition, found);
    if (type) types.set(name, type);
  }

  #typeOf(definition: DefinitionNode, found: RemoteType): RemoteType | null {
    const { name } = found;
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION && found.kind === 'enum') {
      const values = (definition.values ?? []).map(each => each.name.value);
      const missing = values.filter(value => !found.values.has(value));
      if (missing.length > 0)
        this.problems.push(
          `enum "${name}" contains the following enum values that do not exist in the corresponding upstream remote enum: ${listed(missing)}`,
        );
      return { ...found, values: new Map(values.map(value => [value, found.values.get(value) ?? null])) };
    }
    if (definition.kind === Kind.UNION_TYPE_DEFINITION && found.kind === 'union') {
      const members = (definition.types ?? []).map(each => each.name.value);
      const missing = members.filter(member => !found.possibleTypes.includes(member));
      if (missing.length > 0)
        this.problems.push(
          `union "${name}" contains members which do not exist in the members of the remote schema union :${listed(missing)}`,
        );
      return { ...found, possibleTypes: members };
    }
    if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION && found.kind === 'input')
      return { ...found, fields: this.#inputs(definition.fields ?? [], found.fields, name) };
    if (definition.kind === Kind.INTERFACE_TYPE_DEFINITION && found.kind === 'interface')
      return { ...found, fields: this.#fields(definition.fields ?? [], found, 'Interface') };
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION && found.kind === 'object') {
      const interfaces = (definition.interfaces ?? []).map(each => each.name.value);
      const missing = interfaces.filter(each => !found.interfaces.includes(each));
      if (missing.length > 0)
        this.problems.push(
          `object "${name}" is trying to implement the following interfaces that do not exist in the corresponding upstream remote object: ${listed(missing)}`,
        );
      return { ...found, interfaces, fields: this.#fields(definition.fields ?? [], found, 'Object') };
    }
    return found.kind === 'scalar' ? found : null;
  }

  #fields(
    nodes: readonly FieldDefinitionNode[],
    { name, fields }: RemoteType & { readonly kind: 'object' | 'interface' },
    shown: string,
  ): ReadonlyMap<string, RemoteField> {
    const read = new Map<string, RemoteField>();
    for (const node of nodes) {
      const field = node.name.value;
      const found = fields.get(field);
      this.#refusePresets(node.directives);
      if (!found) {
        this.problems.push(`field "${field}" does not exist in the "${shown}": "${name}"`);
        continue;
      }
      if (read.has(field))
        this.problems.push(`duplicate fields: "${field}"found in the "${shown}" "${name}"`);
      this.#assertType(field, `${shown} field`, found.type, node.type);
      read.set(field, { ...found, args: this.#inputs(node.arguments ?? [], found.args, field) });
    }
    return read;
  }

  /** Arguments of a field, or fields of an input object. */
  #inputs(
    nodes: readonly InputValueDefinitionNode[],
    upstream: ReadonlyMap<string, RemoteInput>,
    owner: string,
  ): ReadonlyMap<string, RemoteInput> {
    const read = new Map<string, RemoteInput>();
    for (const node of nodes) {
      const name = node.name.value;
      const found = upstream.get(name);
      if (!found) {
        this.problems.push(`input argument "${name}" does not exist in the input object:"${owner}"`);
        continue;
      }
      if (read.has(name)) this.problems.push(`duplicate arguments: "${name}"found in the field: "${owner}"`);
      this.#assertType(name, 'Input object argument', found.type, node.type);
      const preset = node.defaultValue ? print(node.defaultValue) : null;
      if (preset !== null && preset !== found.default)
        this.problems.push(
          `expected default value of input value: "${name}"of input object "${owner}" to be ${found.default ?? ''} but received ${preset}`,
        );
      read.set(name, found);
    }
    const missing = [...upstream]
      .filter(([name, { type, default: value }]) => type.nonNull && value === null && !read.has(name))
      .map(([name]) => name);
    if (missing.length > 0)
      this.problems.push(
        `field: "${owner}" expects the following non nullable arguments to be present: ${listed(missing)}`,
      );
    return read;
  }

  /** Once all types are known that their values can be of. */
  readPresets(definitions: readonly DefinitionNode[], types: Map<string, RemoteType>): void {
    for (const definition of definitions) {
      const type = 'name' in definition && definition.name ? types.get(definition.name.value) : undefined;
      if (!type) continue;
      if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION && type.kind === 'input')
        types.set(type.name, {
          ...type,
          fields: this.#withPresets(definition.fields ?? [], type.fields, types),
        });
      const isFields =
        definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION;
      if (!isFields || (type.kind !== 'object' && type.kind !== 'interface')) continue;
      const fields = new Map(type.fields);
      for (const node of definition.fields ?? []) {
        const field = fields.get(node.name.value);
        if (field)
          fields.set(node.name.value, {
            ...field,
            args: this.#withPresets(node.arguments ?? [], field.args, types),
          });
      }
      types.set(type.name, { ...type, fields });
    }
  }

  #withPresets(
    nodes: readonly InputValueDefinitionNode[],
    inputs: ReadonlyMap<string, RemoteInput>,
    types: ReadonlyMap<string, RemoteType>,
  ): ReadonlyMap<string, RemoteInput> {
    const read = new Map(inputs);
    for (const { name, directives } of nodes) {
      const input = inputs.get(name.value);
      if (!input) continue;
      const preset = readPreset(directives ?? [], name.value, input.type, types, this.problems);
      if (preset) read.set(name.value, { ...input, preset });
    }
    return read;
  }

  #assertType(name: string, kind: string, expected: TypeRef, node: TypeNode): void {
    const given = readType(node);
    if (showType(given) !== showType(expected))
      this.problems.push(
        `expected type of "${name}"("${kind}") to be ${showType(expected)} but received ${showType(given)}`,
      );
  }

  #refusePresets(directives: readonly DirectiveNode[] | undefined): void {
    if (directives?.some(each => each.name.value === 'preset'))
      this.problems.push(
        'Preset directives can be defined only on INPUT_FIELD_DEFINITION or ARGUMENT_DEFINITION',
      );
  }

  /** Everything that a type leads to has to be the role's as well. */
  checkReferences(type: RemoteType, types: ReadonlyMap<string, RemoteType>): void {
    const refer = (name: string): void => {
      if (!types.has(name) && !builtin.has(name))
        this.problems.push(`"${type.name}" refers to the type "${name}", which is not defined`);
    };
    switch (type.kind) {
      case 'union':
        for (const name of type.possibleTypes) refer(name);
        break;
      case 'input':
        for (const input of type.fields.values()) refer(baseName(input.type));
        break;
      case 'object':
      case 'interface':
        for (const field of type.fields.values()) {
          refer(baseName(field.type));
          for (const input of field.args.values()) refer(baseName(input.type));
        }
        if (type.kind === 'object') for (const name of type.interfaces) refer(name);
    }
  }
}

function rootsOf(
  definitions: readonly DefinitionNode[],
  types: ReadonlyMap<string, RemoteType>,
  problems: string[],
): Pick<RemoteDocument, 'query' | 'mutation' | 'subscription'> {
  const given = definitions.flatMap(each => (each.kind === Kind.SCHEMA_DEFINITION ? [each] : []));
  if (given.length > 1) problems.push('multiple schema definitions found');
  const named = new Map(
    given.flatMap(each => each.operationTypes.map(root => [root.operation as string, root.type.name.value])),
  );
  const root = (operation: string, usual: string): string | null => {
    const name = given.length > 0 ? named.get(operation) : usual;
    return name !== undefined && types.get(name)?.kind === 'object' ? name : null;
  };
  const query = root('query', 'Query');
  if (query === null) problems.push('query root does not exist in the schema definition');
  return {
    query: query ?? '',
    mutation: root('mutation', 'Mutation'),
    subscription: root('subscription', 'Subscription'),
  };
}

/** Interfaces can be what the role's own objects implement. */
function withImplementations(types: ReadonlyMap<string, RemoteType>): ReadonlyMap<string, RemoteType> {
  return new Map(
    [...types].map(([name, type]): [string, RemoteType] => {
      if (type.kind !== 'interface') return [name, type];
      const possibleTypes = [...types.values()].flatMap(each =>
        each.kind === 'object' && each.interfaces.includes(name) ? [each.name] : [],
      );
      return [name, { ...type, possibleTypes }];
    }),
  );
}

function readType(node: TypeNode): TypeRef {
  if (node.kind === Kind.NON_NULL_TYPE) return { ...readType(node.type), nonNull: true };
  return node.kind === Kind.LIST_TYPE ? listOf(readType(node.type)) : named(node.name.value);
}

/** `"a", "b" and "c"`. */
function listed(names: readonly string[]): string {
  const quoted = names.map(name => `"${name}"`);
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}
