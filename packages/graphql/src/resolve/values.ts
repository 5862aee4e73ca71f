/** Values as they come, what is said of them, and what they are once checked. */
import { Kind, type ValueNode } from 'graphql/language/index.js';
import { HasuraError, type Path } from '../errors.ts';
import { numberOf } from '../ir/json.ts';
import type { ParamSource } from '../ir/value.ts';
import type { InputFieldDef, InputObjectType, RoleSchema, TypeRef } from '../schema/types.ts';

/** A value, and its way here: written in the operation, or a part of a variable. */
export type Given =
  | { readonly kind: 'node'; readonly node: ValueNode }
  | { readonly kind: 'json'; readonly value: unknown; readonly path: readonly (string | number)[] };

/** A checked value. */
export type Input =
  | { readonly kind: 'null' }
  | { readonly kind: 'scalar'; readonly value: unknown; readonly source: ParamSource }
  | { readonly kind: 'enum'; readonly value: string; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Input[]; readonly source?: ParamSource }
  | { readonly kind: 'object'; readonly type: InputObjectType; readonly fields: readonly InputField[] };

export interface InputField {
  readonly def: InputFieldDef;
  readonly value: Input;
}

export interface InputContext {
  readonly schema: RoleSchema;
  readonly variables: ReadonlyMap<string, Variable>;
  /** A nullable variable that is not given counts as null, rather than as not written. */
  readonly nullsUnbound: boolean;
  /** Told of a value that decides over the plan, and so is no parameter. */
  readonly onStructural: (path: readonly (string | number)[]) => void;
}

export interface Variable {
  readonly name: string;
  readonly type: TypeRef;
  /** Null: none was given, and there is no default. */
  readonly value: Given | null;
  readonly hasNonNullDefault: boolean;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !isRaw(value);
}

function isRaw(value: object): boolean {
  return 'rawJSON' in value && Object.getPrototypeOf(value) === null;
}

export function isNull(given: Given): boolean {
  return given.kind === 'json' ? given.value === null : given.node.kind === Kind.NULL;
}

/** What kind of value it is, in the reference's words. */
export function describe(given: Given, context: Pick<InputContext, 'variables'>): string {
  if (given.kind === 'json') {
    const { value } = given;
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'a list';
    switch (typeof value) {
      case 'boolean':
        return 'a boolean';
      case 'string':
        return 'a string';
      case 'number':
        return 'a number';
      default:
        return isObject(value) ? 'an object' : 'a number';
    }
  }
  switch (given.node.kind) {
    case Kind.VARIABLE: {
      const name = given.node.name.value;
      const value = context.variables.get(name)?.value ?? null;
      return value === null ? `no value specified for variable '${name}'` : describe(value, context);
    }
    case Kind.INT:
      return 'an integer';
    case Kind.FLOAT:
      return 'a float';
    case Kind.STRING:
      return 'a string';
    case Kind.BOOLEAN:
      return 'a boolean';
    case Kind.NULL:
      return 'null';
    case Kind.ENUM:
      return 'an enum value';
    case Kind.LIST:
      return 'a list';
    case Kind.OBJECT:
      return 'an object';
  }
}

/** A written value as JSON, with the variables in it. */
export function nodeToJson(node: ValueNode, variables: ReadonlyMap<string, Variable>): unknown {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.INT:
    case Kind.FLOAT:
      return numberOf(node.value);
    case Kind.STRING:
    case Kind.ENUM:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.LIST:
      return node.values.map(each => nodeToJson(each, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, nodeToJson(value, variables)]),
      );
    case Kind.VARIABLE: {
      const value = variables.get(node.name.value)?.value ?? null;
      if (value === null) return null;
      return value.kind === 'json' ? value.value : nodeToJson(value.node, variables);
    }
  }
}

/** Whether a written value has a variable somewhere in it. */
export function holdsVariable(node: ValueNode): boolean {
  switch (node.kind) {
    case Kind.VARIABLE:
      return true;
    case Kind.LIST:
      return node.values.some(holdsVariable);
    case Kind.OBJECT:
      return node.fields.some(({ value }) => holdsVariable(value));
    default:
      return false;
  }
}

export function refuse(message: string, path: Path): HasuraError {
  return new HasuraError('validation-failed', message, { path });
}
