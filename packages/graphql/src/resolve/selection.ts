/**
 * An operation's fields, each with its definition in the role's schema and its checked arguments: fragments are spread,
 * fields of one name joined, what is skipped is gone. Messages and their order are the reference's.
 */
import {
  type DirectiveNode,
  type FieldNode,
  Kind,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql/language/index.js';
import { HasuraError, type Path } from '../errors.ts';
import type { Operation } from '../parse/document.ts';
import { introspectionRoots } from '../schema/introspection.ts';
import { baseName, type FieldDef, type RoleSchema } from '../schema/types.ts';
import { readDirectives } from './directives.ts';
import { readFields } from './input.ts';
import type { Variable } from './values.ts';
import { type Given, type Input, type InputContext, refuse } from './values.ts';

export interface ResolvedField {
  readonly alias: string;
  readonly def: FieldDef;
  /** By argument; those without a value are absent. */
  readonly args: Readonly<Record<string, Input>>;
  /** Null for a field that is no object. */
  readonly selection: ResolvedSelection | null;
  readonly path: Path;
}

export type ResolvedSelection =
  | { readonly kind: 'object'; readonly type: string; readonly fields: readonly ResolvedField[] }
  /** By each type that there may be. */
  | { readonly kind: 'abstract'; readonly possible: ReadonlyMap<string, readonly ResolvedField[]> };

export interface ResolveContext extends InputContext {
  readonly schema: RoleSchema;
  readonly operation: Operation;
  readonly variables: ReadonlyMap<string, Variable>;
}

/** Fields that are resolved before others get their turn. */
const fieldsAtOnce = 32;

/** Yields between fields. @throws {HasuraError} */
export function resolveRoot(
  context: ResolveContext,
  rootType: string,
): Generator<void, readonly ResolvedField[]> {
  return resolveObject(context, rootType, [context.operation.definition.selectionSet], []);
}

function* resolveObject(
  context: ResolveContext,
  typeName: string,
  sets: readonly SelectionSetNode[],
  outer: Path,
  abstractName?: string,
): Generator<void, readonly ResolvedField[]> {
  const type = context.schema.type(typeName);
  if (type?.kind !== 'object') throw new TypeError(`${typeName} is no object type`);
  const path = [...outer, 'selectionSet'];
  const names = [typeName, ...type.interfaces, ...(abstractName === undefined ? [] : [abstractName])];
  const merged = mergeFields(context, names, sets, path);
  const fields: ResolvedField[] = [];
  for (const [alias, nodes] of merged) {
    const name = nodes[0]!.name.value;
    if (name === '__typename') {
      fields.push({ alias, def: typenameField, args: {}, selection: null, path });
    } else {
      const at = [...path, name];
      const def =
        type.fields.get(name) ??
        (typeName === context.schema.query ? introspectionRoots.get(name) : undefined);
      if (!def) throw refuse(`field '${name}' not found in type: '${typeName}'`, at);
      fields.push(yield* resolveField(context, alias, def, nodes, at));
    }
    for (const node of nodes) readDirectives(node.directives, 'FIELD', context, path);
    if (fields.length % fieldsAtOnce === 0) yield;
  }
  return fields;
}

/** `__typename`, which every object has. */
export const typenameField: FieldDef = {
  name: '__typename',
  description: null,
  args: new Map(),
  type: { kind: 'named', name: 'String', nonNull: true },
  means: { kind: 'typename' },
};

function* resolveField(
  context: ResolveContext,
  alias: string,
  def: FieldDef,
  nodes: readonly FieldNode[],
  path: Path,
): Generator<void, ResolvedField> {
  const node = nodes[0]!;
  const type = context.schema.type(baseName(def.type));
  const isLeaf = type === undefined || type.kind === 'scalar' || type.kind === 'enum';
  const sets = nodes.flatMap(each => each.selectionSet ?? []);
  if (isLeaf && sets.length > 0) throw refuse('unexpected subselection set for non-object field', path);
  const given = new Map<string, Given>();
  for (const { name, value } of node.arguments ?? []) {
    if (!def.args.has(name.value)) throw refuse(`'${def.name}' has no argument named '${name.value}'`, path);
    given.set(name.value, { kind: 'node', node: value });
  }
  const args: Record<string, Input> = {};
  const read = yield* readFields(context, def.args, withoutUnbound(context, given), [...path, 'args']);
  for (const { def: argument, value } of read) args[argument.name] = value;
  if (isLeaf) return { alias, def, args, selection: null, path };
  if (sets.length === 0) throw refuse(`missing selection set for '${type.name}'`, [...path, 'selectionSet']);
  if (type.kind === 'object') {
    const fields = yield* resolveObject(context, type.name, sets, path);
    return { alias, def, args, selection: { kind: 'object', type: type.name, fields }, path };
  }
  if (type.kind === 'input') throw new TypeError(`${type.name} is no type of answers`);
  const possible = new Map<string, readonly ResolvedField[]>();
  for (const each of type.possibleTypes)
    possible.set(each, yield* resolveObject(context, each, sets, path, type.name));
  return { alias, def, args, selection: { kind: 'abstract', possible }, path };
}

/** Where unbound variables count as not written, arguments that are one are taken away. */
function withoutUnbound(
  context: ResolveContext,
  given: ReadonlyMap<string, Given>,
): ReadonlyMap<string, Given> {
  if (context.nullsUnbound) return given;
  return new Map([...given].filter(([, value]) => !isUnbound(context, value)));
}

function isUnbound({ variables }: ResolveContext, given: Given): boolean {
  return (
    given.kind === 'node' &&
    given.node.kind === Kind.VARIABLE &&
    variables.get(given.node.name.value)?.value === null
  );
}

/** Fields by response name, in the order in which each is first asked for. */
function mergeFields(
  context: ResolveContext,
  typeNames: readonly string[],
  sets: readonly SelectionSetNode[],
  path: Path,
): ReadonlyMap<string, FieldNode[]> {
  const merged = new Map<string, FieldNode[]>();
  const add = (node: FieldNode): void => {
    const alias = node.alias?.value ?? node.name.value;
    const known = merged.get(alias);
    if (!known) {
      merged.set(alias, [node]);
      return;
    }
    const first = known[0]!;
    if (first.name.value !== node.name.value)
      throw refuse(
        `selection of both '${first.name.value}' and '${node.name.value}' specify the same response name, '${alias}'`,
        path,
      );
    if (argumentsText(first) !== argumentsText(node))
      throw refuse(`inconsistent arguments between multiple selections of field '${first.name.value}'`, path);
    known.push(node);
  };
  const walk = (selections: readonly SelectionNode[]): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        if (isIncluded(selection.directives, 'FIELD', context, path)) add(selection);
        continue;
      }
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      const fragment = isSpread ? context.operation.fragments.get(selection.name.value) : selection;
      if (!fragment)
        throw refuse(`reference to undefined fragment "${isSpread ? selection.name.value : ''}"`, path);
      if (!isIncluded(selection.directives, 'INLINE_FRAGMENT', context, path)) continue;
      const condition = fragment.typeCondition?.name.value;
      if (condition === undefined || typeNames.includes(condition)) walk(fragment.selectionSet.selections);
    }
  };
  for (const set of sets) walk(set.selections);
  return merged;
}

function argumentsText(node: FieldNode): string {
  return (node.arguments ?? [])
    .map(({ name, value }) => `${name.value}:${print(value as ValueNode)}`)
    .sort()
    .join();
}

function isIncluded(
  directives: readonly DirectiveNode[] | undefined,
  location: 'FIELD' | 'INLINE_FRAGMENT',
  context: ResolveContext,
  path: Path,
): boolean {
  if (!directives || directives.length === 0) return true;
  const { skip, include } = readDirectives(directives, location, context, path);
  return include !== false && skip !== true;
}

/** Every variable that is named in an operation and the fragments it uses. */
export function usedVariables(operation: Operation): ReadonlySet<string> {
  const used = new Set<string>();
  const seen = new Set<string>();
  const value = (node: ValueNode): void => {
    if (node.kind === Kind.VARIABLE) used.add(node.name.value);
    else if (node.kind === Kind.LIST) node.values.forEach(value);
    else if (node.kind === Kind.OBJECT) for (const field of node.fields) value(field.value);
  };
  const directives = (nodes: readonly DirectiveNode[] | undefined): void => {
    for (const { arguments: args } of nodes ?? []) for (const arg of args ?? []) value(arg.value);
  };
  const walk = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      directives(selection.directives);
      if (selection.kind === Kind.FIELD) {
        for (const arg of selection.arguments ?? []) value(arg.value);
        if (selection.selectionSet) walk(selection.selectionSet);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet);
      else if (!seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        const fragment = operation.fragments.get(selection.name.value);
        if (fragment) walk(fragment.selectionSet);
      }
    }
  };
  directives(operation.definition.directives);
  walk(operation.definition.selectionSet);
  return used;
}

/** @throws {HasuraError} for variables that are given and not used, or used and not defined */
export function assertVariables(
  used: ReadonlySet<string>,
  defined: ReadonlyMap<string, Variable>,
  values: Readonly<Record<string, unknown>>,
): void {
  for (const name of used)
    if (!defined.has(name)) throw new HasuraError('validation-failed', `unbound variable "${name}"`);
  const unexpected = Object.keys(values).filter(name => !used.has(name));
  if (unexpected.length > 0)
    throw new HasuraError(
      'validation-failed',
      `unexpected variables in variableValues: ${unexpected.join(', ')}`,
    );
}
