/** The variables of an operation, bound to what a request gives. */
import { Kind, type OperationDefinitionNode, type TypeNode } from 'graphql/language/index.js';
import { HasuraError } from '../errors.ts';
import { listOf, named, type TypeRef } from '../schema/types.ts';
import type { Given, Variable } from './values.ts';

export interface VariableOptions {
  /** Variables of a non-null type may be null, as they might once. */
  readonly allowsNull: boolean;
}

/** @throws {HasuraError} for what is missing, or null and may not be */
export function bindVariables(
  definition: OperationDefinitionNode,
  values: Readonly<Record<string, unknown>>,
  options: VariableOptions,
): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const { variable, type: node, defaultValue } of definition.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (variables.has(name))
      throw new HasuraError('parse-failed', `multiple definitions for variable "${name}"`);
    const type = readType(node);
    let value: Given | null = null;
    if (Object.hasOwn(values, name)) {
      if (values[name] === null && type.nonNull && !options.allowsNull)
        throw new HasuraError(
          'validation-failed',
          `null value found for non-nullable type: "${showNode(node)}"`,
        );
      value = { kind: 'json', value: values[name], path: [name] };
    } else if (defaultValue) value = { kind: 'node', node: defaultValue };
    else if (type.nonNull)
      throw new HasuraError('validation-failed', `expecting a value for non-nullable variable: "${name}"`);
    variables.set(name, {
      name,
      type,
      value,
      hasNonNullDefault: defaultValue !== undefined && defaultValue.kind !== Kind.NULL,
    });
  }
  return variables;
}

/** A type as an operation names it. Pure. */
export function readType(node: TypeNode): TypeRef {
  switch (node.kind) {
    case Kind.NON_NULL_TYPE:
      return { ...readType(node.type), nonNull: true };
    case Kind.LIST_TYPE:
      return listOf(readType(node.type));
    case Kind.NAMED_TYPE:
      return named(node.name.value);
  }
}

function showNode(node: TypeNode): string {
  switch (node.kind) {
    case Kind.NON_NULL_TYPE:
      return `${showNode(node.type)}!`;
    case Kind.LIST_TYPE:
      return `[${showNode(node.type)}]`;
    case Kind.NAMED_TYPE:
      return node.name.value;
  }
}

/** Whether a variable may stand where a type is expected. @see https://spec.graphql.org/June2018/#sec-All-Variable-Usages-are-Allowed */
export function isAllowed(
  { type, hasNonNullDefault }: Variable,
  location: TypeRef,
  hasDefault: boolean,
): boolean {
  if (location.nonNull && !type.nonNull && !hasDefault && !hasNonNullDefault) return false;
  return isCompatible(location, type);
}

/** As the reference compares: whether a list's own items may be null is not looked at. */
function isCompatible(location: TypeRef, type: TypeRef): boolean {
  if (location.kind === 'list') return type.kind === 'list' && isCompatible(location.of, type.of);
  return type.kind === 'named' && type.name === location.name;
}
