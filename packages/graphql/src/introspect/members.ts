/** What introspection's types have, by what of a schema stands behind them. Pure. */

import { type DirectiveDef, directives } from '../resolve/directives.ts';
import type {
  EnumValueDef,
  FieldDef,
  InputFieldDef,
  NamedType,
  RoleSchema,
  TypeRef,
} from '../schema/types.ts';

export type Source =
  | { readonly kind: 'named'; readonly type: NamedType }
  | { readonly kind: 'ref'; readonly ref: TypeRef }
  | { readonly kind: 'schema'; readonly schema: RoleSchema }
  | { readonly kind: 'field'; readonly field: FieldDef }
  | { readonly kind: 'input'; readonly input: InputFieldDef }
  | { readonly kind: 'value'; readonly value: EnumValueDef }
  | { readonly kind: 'directive'; readonly directive: DirectiveDef };

/** What a member is. */
export type Value =
  | { readonly kind: 'plain'; readonly value: unknown }
  | { readonly kind: 'one'; readonly typeName: string; readonly source: Source | null }
  | { readonly kind: 'many'; readonly typeName: string; readonly sources: readonly Source[] };

export const plain = (value: unknown): Value => ({ kind: 'plain', value });
const none = plain(null);
const typeOf = (source: Source | null): Value => ({ kind: 'one', typeName: '__Type', source });
const refOf = (ref: TypeRef): Value => typeOf({ kind: 'ref', ref });
const many = (typeName: string, sources: readonly Source[]): Value => ({ kind: 'many', typeName, sources });

/** What introspection's types have, by what stands behind them. */
export class Members {
  readonly #schema: RoleSchema;
  readonly #types: ReadonlyMap<string, NamedType>;
  /** Lists of one thing are the same however often they are asked for. */
  readonly #lists = new Map<ReadonlyMap<string, unknown>, Value>();

  constructor(schema: RoleSchema, types: ReadonlyMap<string, NamedType>) {
    this.#schema = schema;
    this.#types = types;
  }

  of(member: string, source: Source): Value {
    switch (source.kind) {
      case 'schema':
        return this.#ofSchema(member, source.schema);
      case 'named':
        return this.#ofType(member, source.type);
      case 'ref':
        return this.#ofRef(member, source.ref);
      case 'field':
        if (member === 'args') return this.#inputs(source.field.args);
        return member === 'type' ? refOf(source.field.type) : plainMember(member, source.field);
      case 'input':
        if (member === 'type') return refOf(source.input.type);
        if (member === 'defaultValue') return plain(source.input.default ?? null);
        return plainMember(member, source.input);
      case 'value':
        return plainMember(member, source.value);
      case 'directive':
        if (member === 'args') return this.#inputs(source.directive.args);
        if (member === 'locations') return plain(source.directive.locations);
        if (member === 'isRepeatable') return plain(false);
        return plainMember(member, source.directive);
    }
  }

  #ofSchema(member: string, schema: RoleSchema): Value {
    const root = (name: string | null): Value => typeOf(name === null ? null : this.#named(name));
    switch (member) {
      case 'types':
        return this.#list('__Type', this.#types, type => ({ kind: 'named', type }));
      case 'queryType':
        return root(schema.query);
      case 'mutationType':
        return root(schema.mutation);
      case 'subscriptionType':
        return root(schema.subscription);
      case 'directives':
        return many(
          '__Directive',
          directives
            .filter(({ isShown }) => isShown)
            .map(directive => ({ kind: 'directive', directive }) as const),
        );
      default:
        return none;
    }
  }

  #ofType(member: string, type: NamedType): Value {
    switch (member) {
      case 'kind':
        return plain(kinds[type.kind]);
      case 'name':
        return plain(type.name);
      case 'description':
        return plain(type.description);
      case 'fields':
        return type.kind === 'object' || type.kind === 'interface'
          ? this.#list('__Field', type.fields, field => ({ kind: 'field', field }))
          : none;
      case 'interfaces':
        return type.kind === 'object' ? this.#namedAll(type.interfaces) : none;
      case 'possibleTypes':
        return type.kind === 'interface' || type.kind === 'union' ? this.#namedAll(type.possibleTypes) : none;
      case 'enumValues':
        return type.kind === 'enum'
          ? this.#list('__EnumValue', type.values, value => ({ kind: 'value', value }))
          : none;
      case 'inputFields':
        return type.kind === 'input' ? this.#inputs(type.fields) : none;
      default:
        return none;
    }
  }

  #ofRef(member: string, ref: TypeRef): Value {
    if (ref.nonNull) {
      if (member === 'kind') return plain('NON_NULL');
      return member === 'ofType' ? refOf({ ...ref, nonNull: false }) : none;
    }
    if (ref.kind === 'list') {
      if (member === 'kind') return plain('LIST');
      return member === 'ofType' ? refOf(ref.of) : none;
    }
    const type = this.#schema.type(ref.name);
    return type ? this.#ofType(member, type) : none;
  }

  #named(name: string): Source | null {
    const type = this.#schema.type(name);
    return type ? { kind: 'named', type } : null;
  }

  #namedAll(names: readonly string[]): Value {
    return many(
      '__Type',
      names.flatMap(name => this.#named(name) ?? []),
    );
  }

  #inputs(inputs: ReadonlyMap<string, InputFieldDef>): Value {
    return this.#list('__InputValue', inputs, input => ({ kind: 'input', input }));
  }

  /** By name, as the reference shows them. */
  #list<Each extends { readonly name: string }>(
    typeName: string,
    of: ReadonlyMap<string, Each>,
    toSource: (each: Each) => Source,
  ): Value {
    let found = this.#lists.get(of);
    if (!found) {
      found = many(typeName, [...of.values()].sort(byName).map(toSource));
      this.#lists.set(of, found);
    }
    return found;
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const kinds: Readonly<Record<NamedType['kind'], string>> = {
  object: 'OBJECT',
  interface: 'INTERFACE',
  union: 'UNION',
  input: 'INPUT_OBJECT',
  enum: 'ENUM',
  scalar: 'SCALAR',
};

function plainMember(
  member: string,
  of: { readonly name: string; readonly description: string | null },
): Value {
  switch (member) {
    case 'name':
      return plain(of.name);
    case 'description':
      return plain(of.description);
    case 'isDeprecated':
      return plain(false);
    default:
      return none;
  }
}
