/** Answers `__schema` and `__type` from the role's schema. Types are those that its roots lead to. */

import { type DirectiveDef, directives } from '../resolve/directives.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import {
  baseName,
  type EnumValueDef,
  type FieldDef,
  type InputFieldDef,
  type NamedType,
  type RoleSchema,
  type TypeRef,
} from '../schema/types.ts';

/** JSON of one of introspection's root fields. Pure. */
export function introspect(field: ResolvedField, schema: RoleSchema): string {
  const view = new Introspector(schema);
  if (field.def.means.kind === 'introspectSchema')
    return JSON.stringify(view.object('__Schema', schemaSource(schema), field.selection));
  const { name } = field.args;
  const type = name?.kind === 'scalar' ? view.find(String(name.value)) : undefined;
  return JSON.stringify(type ? view.object('__Type', { kind: 'named', type }, field.selection) : null);
}

type TypeSource =
  | { readonly kind: 'named'; readonly type: NamedType }
  | { readonly kind: 'ref'; readonly ref: TypeRef };
type Source =
  | TypeSource
  | { readonly kind: 'schema'; readonly schema: RoleSchema }
  | { readonly kind: 'field'; readonly field: FieldDef }
  | { readonly kind: 'input'; readonly input: InputFieldDef }
  | { readonly kind: 'value'; readonly value: EnumValueDef }
  | { readonly kind: 'directive'; readonly directive: DirectiveDef };

const schemaSource = (schema: RoleSchema): Source => ({ kind: 'schema', schema });

class Introspector {
  readonly #schema: RoleSchema;
  #reachable: ReadonlyMap<string, NamedType> | null = null;

  constructor(schema: RoleSchema) {
    this.#schema = schema;
  }

  find(name: string): NamedType | undefined {
    return this.#types().get(name);
  }

  #types(): ReadonlyMap<string, NamedType> {
    this.#reachable ??= reachableTypes(this.#schema);
    return this.#reachable;
  }

  object(typeName: string, source: Source, selection: ResolvedSelection | null): unknown {
    if (selection?.kind !== 'object') return null;
    const object: Record<string, unknown> = {};
    for (const { alias, def, args, selection: below } of selection.fields) {
      const { means } = def;
      if (means.kind === 'typename') object[alias] = typeName;
      else if (means.kind === 'introspection')
        object[alias] = this.#member(means.member, source, args, below);
    }
    return object;
  }

  #member(
    member: string,
    source: Source,
    args: Readonly<Record<string, Input>>,
    below: ResolvedSelection | null,
  ): unknown {
    switch (source.kind) {
      case 'schema':
        return this.#schemaMember(member, source.schema, below);
      case 'named':
        return this.#typeMember(member, source.type, args, below);
      case 'ref':
        return this.#refMember(member, source.ref, args, below);
      case 'field':
        if (member === 'args') return this.#inputs(source.field.args, below);
        if (member === 'type') return this.#ref(source.field.type, below);
        return plainMember(member, source.field);
      case 'input':
        if (member === 'type') return this.#ref(source.input.type, below);
        if (member === 'defaultValue') return source.input.default ?? null;
        return plainMember(member, source.input);
      case 'value':
        return plainMember(member, source.value);
      case 'directive':
        if (member === 'args') return this.#inputs(source.directive.args, below);
        if (member === 'locations') return source.directive.locations;
        if (member === 'isRepeatable') return false;
        return plainMember(member, source.directive);
    }
  }

  #schemaMember(member: string, schema: RoleSchema, below: ResolvedSelection | null): unknown {
    const root = (name: string | null): unknown => {
      const type = name === null ? undefined : schema.type(name);
      return type ? this.object('__Type', { kind: 'named', type }, below) : null;
    };
    switch (member) {
      case 'types':
        return [...this.#types().values()].map(type => this.object('__Type', { kind: 'named', type }, below));
      case 'queryType':
        return root(schema.query);
      case 'mutationType':
        return root(schema.mutation);
      case 'subscriptionType':
        return root(schema.subscription);
      case 'directives':
        return directives
          .filter(({ isShown }) => isShown)
          .map(directive => this.object('__Directive', { kind: 'directive', directive }, below));
      default:
        return null;
    }
  }

  #typeMember(
    member: string,
    type: NamedType,
    args: Readonly<Record<string, Input>>,
    below: ResolvedSelection | null,
  ): unknown {
    void args;
    switch (member) {
      case 'kind':
        return kinds[type.kind];
      case 'name':
        return type.name;
      case 'description':
        return type.description;
      case 'fields':
        return type.kind === 'object' || type.kind === 'interface'
          ? sorted(type.fields).map(field => this.object('__Field', { kind: 'field', field }, below))
          : null;
      case 'interfaces':
        return type.kind === 'object' ? type.interfaces.flatMap(name => this.#named(name, below)) : null;
      case 'possibleTypes':
        return type.kind === 'interface' || type.kind === 'union'
          ? type.possibleTypes.flatMap(name => this.#named(name, below))
          : null;
      case 'enumValues':
        return type.kind === 'enum'
          ? sorted(type.values).map(value => this.object('__EnumValue', { kind: 'value', value }, below))
          : null;
      case 'inputFields':
        return type.kind === 'input' ? this.#inputs(type.fields, below) : null;
      default:
        return null;
    }
  }

  #named(name: string, below: ResolvedSelection | null): unknown[] {
    const type = this.#schema.type(name);
    return type ? [this.object('__Type', { kind: 'named', type }, below)] : [];
  }

  #ref(ref: TypeRef, below: ResolvedSelection | null): unknown {
    return this.object('__Type', { kind: 'ref', ref }, below);
  }

  #refMember(
    member: string,
    ref: TypeRef,
    args: Readonly<Record<string, Input>>,
    below: ResolvedSelection | null,
  ): unknown {
    if (ref.nonNull) {
      if (member === 'kind') return 'NON_NULL';
      return member === 'ofType' ? this.#ref({ ...ref, nonNull: false }, below) : null;
    }
    if (ref.kind === 'list') {
      if (member === 'kind') return 'LIST';
      return member === 'ofType' ? this.#ref(ref.of, below) : null;
    }
    const type = this.#schema.type(ref.name);
    return type ? this.#typeMember(member, type, args, below) : null;
  }

  #inputs(inputs: ReadonlyMap<string, InputFieldDef>, below: ResolvedSelection | null): unknown {
    return sorted(inputs).map(input => this.object('__InputValue', { kind: 'input', input }, below));
  }
}

const kinds: Readonly<Record<NamedType['kind'], string>> = {
  object: 'OBJECT',
  interface: 'INTERFACE',
  union: 'UNION',
  input: 'INPUT_OBJECT',
  enum: 'ENUM',
  scalar: 'SCALAR',
};

/** By name, as the reference shows them. */
function sorted<Value extends { readonly name: string }>(of: ReadonlyMap<string, Value>): Value[] {
  return [...of.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function plainMember(
  member: string,
  of: { readonly name: string; readonly description: string | null },
): unknown {
  switch (member) {
    case 'name':
      return of.name;
    case 'description':
      return of.description;
    case 'isDeprecated':
      return false;
    default:
      return null;
  }
}

/** Every type that roots, directives and introspection lead to, by name. */
export function reachableTypes(schema: RoleSchema): ReadonlyMap<string, NamedType> {
  const found = new Map<string, NamedType>();
  const queue: string[] = [
    schema.query,
    schema.mutation,
    schema.subscription,
    '__Schema',
    'Boolean',
    'Int',
  ].flatMap(name => name ?? []);
  const inputs = (fields: ReadonlyMap<string, InputFieldDef>): void => {
    for (const { type } of fields.values()) queue.push(baseName(type));
  };
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    const type = schema.type(name);
    if (!type) continue;
    found.set(name, type);
    switch (type.kind) {
      case 'object':
      case 'interface':
        for (const field of type.fields.values()) {
          queue.push(baseName(field.type));
          inputs(field.args);
        }
        queue.push(...(type.kind === 'object' ? type.interfaces : type.possibleTypes));
        break;
      case 'union':
        queue.push(...type.possibleTypes);
        break;
      case 'input':
        inputs(type.fields);
        break;
      case 'enum':
      case 'scalar':
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
