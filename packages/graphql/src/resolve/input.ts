/**
 * Values of arguments, checked against their types in the reference's words. What comes from variables remembers where,
 * so that a plan can be run again with other ones.
 */
import { Kind, type ValueNode } from 'graphql/language/index.js';
import type { Path } from '../errors.ts';
import {
  type EnumType,
  type InputFieldDef,
  type InputObjectType,
  showType,
  type TypeRef,
} from '../schema/types.ts';
import { itemReader, readBuiltin, readColumnValue } from './scalars.ts';
import {
  describe,
  type Given,
  type Input,
  type InputContext,
  type InputField,
  isNull,
  isObject,
  refuse,
} from './values.ts';
import { isAllowed } from './variables.ts';

/** Items of a list that are read before others get their turn. */
const itemsAtOnce = 16;

/** Checks the arguments of a field or the fields of an object, and fills in defaults. Yields between items of lists. */
export function* readFields(
  context: InputContext,
  defs: ReadonlyMap<string, InputFieldDef>,
  given: ReadonlyMap<string, Given>,
  path: Path,
): Generator<void, readonly InputField[]> {
  const fields: InputField[] = [];
  for (const [name, value] of given) {
    const def = defs.get(name)!;
    const read = yield* readField(context, def, value, [...path, name]);
    if (read) fields.push({ def, value: read });
  }
  for (const def of defs.values()) {
    if (given.has(def.name)) continue;
    if (def.default !== undefined)
      fields.push({ def, value: yield* readDefault(context, def, [...path, def.name]) });
    else if (def.type.nonNull) throw refuse(`missing required field '${def.name}'`, [...path, def.name]);
  }
  return fields;
}

function* readField(
  context: InputContext,
  def: InputFieldDef,
  given: Given,
  path: Path,
): Generator<void, Input | null> {
  const peeled = peel(context, def.type, def.default !== undefined, given, path);
  // A variable without a value: as if the field had not been written, but where that is as good as null.
  if (peeled === null) {
    if (def.takesNull || !def.type.nonNull) {
      if (!context.nullsUnbound) return null;
      return def.takesNull ? { kind: 'null' } : yield* readInput(context, def.type, nullGiven, path);
    }
    throw refuse(`no variable value specified for non-nullable variable ${describe(given, context)}`, path);
  }
  if (isNull(peeled) && def.takesNull) return { kind: 'null' };
  return yield* readInput(context, def.type, peeled, path);
}

const nullGiven: Given = { kind: 'node', node: { kind: Kind.NULL } };

function readDefault(context: InputContext, def: InputFieldDef, path: Path): Generator<void, Input> {
  const text = def.default!;
  const node: ValueNode =
    text === '[]'
      ? { kind: Kind.LIST, values: [] }
      : text === 'true' || text === 'false'
        ? { kind: Kind.BOOLEAN, value: text === 'true' }
        : { kind: Kind.INT, value: text };
  return readInput(context, def.type, { kind: 'node', node }, path);
}

/** Reads a value that must not be null. @throws {HasuraError} */
export function* readInput(
  context: InputContext,
  type: TypeRef,
  given: Given,
  path: Path,
): Generator<void, Input> {
  const value = peel(context, type, false, given, path);
  if (value === null) {
    if (type.nonNull)
      throw refuse(`no variable value specified for non-nullable variable ${describe(given, context)}`, path);
    return yield* readInput(context, type, nullGiven, path);
  }
  if (type.kind === 'list')
    return type.array ? readArray(type, value, context, path) : yield* readList(context, type, value, path);
  const named = context.schema.type(type.name);
  // Arguments of directives have types that a schema need not have otherwise.
  switch (named?.kind ?? 'scalar') {
    case 'scalar':
      return type.scalar
        ? readColumnValue(context, type.scalar, type.name, value, path)
        : readBuiltin(context, type, value, path);
    case 'enum':
      return readEnum(context, named as EnumType, value, path);
    case 'input':
      return yield* readObject(context, named as InputObjectType, value, path);
    default:
      throw new TypeError(`${type.name} is no type of values`);
  }
}

function readEnum(context: InputContext, { name, values }: EnumType, value: Given, path: Path): Input {
  const text =
    value.kind === 'json' ? value.value : value.node.kind === Kind.ENUM ? value.node.value : undefined;
  if (typeof text !== 'string')
    throw refuse(`expected an enum value for type '${name}', but found ${describe(value, context)}`, path);
  const found = values.get(text);
  if (!found)
    throw refuse(
      `expected one of the values ${listNames([...values.keys()])} for type '${name}', but found '${text}'`,
      path,
    );
  if (value.kind === 'json') context.onStructural(value.path);
  return { kind: 'enum', value: found.means, name: text };
}

/** `['a', 'b']`; of one, `'a'`. */
function listNames(names: readonly string[]): string {
  return `[${names.map(name => `'${name}'`).join(', ')}]`;
}

function readArray(
  type: TypeRef & { readonly kind: 'list' },
  value: Given,
  context: InputContext,
  path: Path,
): Input {
  return readColumnValue(context, type.array!, type.of.kind === 'named' ? type.of.name : '', value, path);
}

function* readList(
  context: InputContext,
  type: TypeRef & { readonly kind: 'list' },
  value: Given,
  path: Path,
): Generator<void, Input> {
  if (isNull(value)) throw refuse('expected a list, but found null', path);
  const given = itemsOf(value);
  const items: Input[] = [];
  for (const [i, item] of given.entries()) {
    items.push(yield* readItem(context, type.of, item, [...path, i]));
    if (i % itemsAtOnce === itemsAtOnce - 1) yield;
  }
  if (value.kind !== 'json') return { kind: 'list', items };
  const scalar =
    type.of.kind === 'named' && items.every(item => item.kind === 'scalar') ? type.of.scalar : undefined;
  return {
    kind: 'list',
    items,
    ...(scalar && { source: { kind: 'list', path: value.path, read: itemReader(scalar) } as const }),
  };
}

/** One that is no list is a list of itself. */
function itemsOf(value: Given): readonly Given[] {
  if (value.kind === 'json') {
    const { value: json, path: from } = value;
    return Array.isArray(json)
      ? json.map((item: unknown, i) => ({ kind: 'json', value: item, path: [...from, i] }))
      : [value];
  }
  return value.node.kind === Kind.LIST ? value.node.values.map(node => ({ kind: 'node', node })) : [value];
}

function* readItem(context: InputContext, type: TypeRef, item: Given, path: Path): Generator<void, Input> {
  if (type.nonNull) return yield* readInput(context, type, item, path);
  const peeled = peel(context, type, false, item, path);
  if (peeled === null || isNull(peeled)) return { kind: 'null' };
  return yield* readInput(context, type, peeled, path);
}

const graphqlName = /^[_A-Za-z][_0-9A-Za-z]*$/;

function* readObject(
  context: InputContext,
  type: InputObjectType,
  value: Given,
  path: Path,
): Generator<void, Input> {
  const given = new Map<string, Given>();
  if (value.kind === 'node' && value.node.kind === Kind.OBJECT) {
    for (const { name, value: node } of value.node.fields) given.set(name.value, { kind: 'node', node });
  } else if (value.kind === 'json' && isObject(value.value)) {
    for (const [name, member] of Object.entries(value.value)) {
      if (!graphqlName.test(name))
        throw refuse(
          `variable value contains object with key "${name}", which is not a legal GraphQL name`,
          path,
        );
      given.set(name, { kind: 'json', value: member, path: [...value.path, name] });
    }
  } else
    throw refuse(`expected an object for type '${type.name}', but found ${describe(value, context)}`, path);
  for (const name of given.keys())
    if (!type.fields.has(name))
      throw refuse(`field '${name}' not found in type: '${type.name}'`, [...path, name]);
  return { kind: 'object', type, fields: yield* readFields(context, type.fields, given, path) };
}

/** What a variable stands for; null where it has no value. Anything else is itself. */
function peel(
  context: InputContext,
  type: TypeRef,
  hasDefault: boolean,
  given: Given,
  path: Path,
): Given | null {
  if (given.kind === 'json' || given.node.kind !== Kind.VARIABLE) return given;
  const name = given.node.name.value;
  const variable = context.variables.get(name)!;
  if (!isAllowed(variable, type, hasDefault)) {
    throw refuse(
      `variable '${name}' is declared as '${showType(variable.type)}', but used where '${showType(type)}' is expected`,
      path,
    );
  }
  return variable.value;
}
