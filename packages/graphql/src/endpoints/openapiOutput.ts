/** What an operation answers, as OpenAPI says it. What does not fit the schema is left out and told. */
import { Kind, type SelectionSetNode } from 'graphql/language/index.js';
import type { Operation } from '../parse/document.ts';
import { typenameField } from '../resolve/selection.ts';
import { introspectionRoots } from '../schema/introspection.ts';
import { baseName, type FieldDef, type ObjectType, type RoleSchema, showType } from '../schema/types.ts';
import {
  type Components,
  described,
  inLists,
  type Json,
  leafSchema,
  withProperties,
} from './openapiTypes.ts';
import { mismatch, problemsAt } from './problems.ts';

export interface OutputContext {
  readonly schema: RoleSchema;
  readonly fragments: Operation['fragments'];
  readonly components: Components;
  /** Gets one sentence for each thing that does not fit. */
  readonly problems: string[];
}

/** A field as often as it is selected under one name. */
interface Selected {
  readonly name: string;
  readonly def: FieldDef;
  readonly sets: SelectionSetNode[];
}

/** The object of an operation's roots. Pure but for `components` and `problems`. */
export function outputSchema(root: string, selection: SelectionSetNode, context: OutputContext): Json {
  const type = context.schema.type(root);
  return type?.kind === 'object' ? objectProperties(type, [selection], [], context) : {};
}

function objectProperties(
  type: ObjectType,
  sets: readonly SelectionSetNode[],
  path: readonly string[],
  context: OutputContext,
): Json {
  const selected = new Map<string, Selected>();
  for (const set of sets) collect(set, type, path, context, selected);
  const properties = new Map<string, Json>();
  for (const [alias, field] of selected) {
    const made = fieldSchema(field, [...path, field.name], context);
    if (made) properties.set(alias, made);
  }
  return withProperties(properties);
}

/** Fragments' fields are the object's own. */
function collect(
  { selections }: SelectionSetNode,
  type: ObjectType,
  path: readonly string[],
  context: OutputContext,
  into: Map<string, Selected>,
): void {
  for (const node of selections) {
    if (node.kind === Kind.FIELD) {
      const name = node.name.value;
      const problems = problemsAt(context.problems, [...path, name]);
      const def = definitionOf(name, type, context.schema);
      if (!def) {
        problems.push(mismatch.fieldNotFound(name, type.name));
        continue;
      }
      const alias = node.alias?.value ?? name;
      const known = into.get(alias);
      const [one, other] = [showType(known?.def.type ?? def.type), showType(def.type)];
      if (one !== other) problems.push(mismatch.differs(alias, one, other));
      else if (!known) into.set(alias, { name, def, sets: node.selectionSet ? [node.selectionSet] : [] });
      else if (node.selectionSet) known.sets.push(node.selectionSet);
      continue;
    }
    const set =
      node.kind === Kind.INLINE_FRAGMENT
        ? node.selectionSet
        : context.fragments.get(node.name.value)?.selectionSet;
    if (set) collect(set, type, path, context, into);
  }
}

function definitionOf(name: string, type: ObjectType, schema: RoleSchema): FieldDef | undefined {
  if (name === typenameField.name) return typenameField;
  return type.fields.get(name) ?? (type.name === schema.query ? introspectionRoots.get(name) : undefined);
}

/** Null for what OpenAPI is not told: unions, interfaces, and what does not fit. */
function fieldSchema({ def, sets }: Selected, path: readonly string[], context: OutputContext): Json | null {
  const { schema, components } = context;
  const name = baseName(def.type);
  const type = schema.type(name);
  const problems = problemsAt(context.problems, path);
  switch (type?.kind) {
    case 'scalar':
    case 'enum':
      if (sets.length === 0) return inLists(def.type, (_, nonNull) => leafSchema(type, nonNull, components));
      problems.push(mismatch.noSelection(type.kind, name));
      return null;
    case 'object': {
      if (sets.length === 0) {
        problems.push(mismatch.selectionMissing(name));
        return null;
      }
      const properties = objectProperties(type, sets, path, context);
      return inLists(def.type, (title, nonNull) => ({
        title,
        ...described(type),
        type: 'object',
        nullable: !nonNull,
        ...properties,
      }));
    }
    case undefined:
      problems.push(mismatch.typeNotFound(name));
      return null;
    default:
      return null;
  }
}
