/** Introspection's own types. @see https://spec.graphql.org/June2018/#sec-Schema-Introspection */
import type { TypeRegister } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin } from './scalars.ts';
import { type FieldDef, listOf, named, type TypeRef } from './types.ts';

const typeKinds = ['SCALAR', 'OBJECT', 'INTERFACE', 'UNION', 'ENUM', 'INPUT_OBJECT', 'LIST', 'NON_NULL'];

/** Defines them, and gives the root fields by which they are reached. */
export function defineIntrospection(types: TypeRegister): void {
  const string = (nonNull = false): TypeRef => builtin({ types }, 'String', nonNull);
  const boolean = builtin({ types }, 'Boolean', true);
  const member = (name: string, type: TypeRef, isDeprecable = false): FieldDef => ({
    name,
    description: null,
    args: byName(
      isDeprecable
        ? [
            inputField(
              'includeDeprecated',
              builtin({ types }, 'Boolean'),
              { kind: 'argument' },
              { default: 'false', takesNull: true },
            ),
          ]
        : [],
    ),
    type,
    means: { kind: 'introspection', member: name },
  });
  const object = (name: string, fields: readonly FieldDef[]): void => {
    types.define(name, () => ({
      kind: 'object',
      name,
      description: null,
      interfaces: [],
      fields: byName(fields),
    }));
  };
  const many = (name: string, nonNull = false): TypeRef => listOf(named(name, true), nonNull);
  object('__Schema', [
    member('description', string()),
    member('types', many('__Type', true)),
    member('queryType', named('__Type', true)),
    member('mutationType', named('__Type')),
    member('subscriptionType', named('__Type')),
    member('directives', many('__Directive', true)),
  ]);
  object('__Type', [
    member('kind', named('__TypeKind', true)),
    member('name', string()),
    member('description', string()),
    member('specifiedByURL', string()),
    member('fields', many('__Field'), true),
    member('interfaces', many('__Type')),
    member('possibleTypes', many('__Type')),
    member('enumValues', many('__EnumValue'), true),
    member('inputFields', many('__InputValue'), true),
    member('ofType', named('__Type')),
  ]);
  object('__Field', [
    member('name', string(true)),
    member('description', string()),
    member('args', many('__InputValue', true), true),
    member('type', named('__Type', true)),
    member('isDeprecated', boolean),
    member('deprecationReason', string()),
  ]);
  object('__InputValue', [
    member('name', string(true)),
    member('description', string()),
    member('type', named('__Type', true)),
    member('defaultValue', string()),
    member('isDeprecated', boolean),
    member('deprecationReason', string()),
  ]);
  object('__EnumValue', [
    member('name', string(true)),
    member('description', string()),
    member('isDeprecated', boolean),
    member('deprecationReason', string()),
  ]);
  object('__Directive', [
    member('name', string(true)),
    member('description', string()),
    member('locations', many('__DirectiveLocation', true)),
    member('args', many('__InputValue', true), true),
    member('isRepeatable', boolean),
  ]);
  const enumeration = (name: string, values: readonly string[]): void => {
    types.define(name, () => ({
      kind: 'enum',
      name,
      description: null,
      values: byName(values.map(value => ({ name: value, description: null, means: value }))),
    }));
  };
  enumeration('__TypeKind', typeKinds);
  enumeration('__DirectiveLocation', directiveLocations);
}

const directiveLocations = [
  'QUERY',
  'MUTATION',
  'SUBSCRIPTION',
  'FIELD',
  'FRAGMENT_DEFINITION',
  'FRAGMENT_SPREAD',
  'INLINE_FRAGMENT',
  'VARIABLE_DEFINITION',
  'SCHEMA',
  'SCALAR',
  'OBJECT',
  'FIELD_DEFINITION',
  'ARGUMENT_DEFINITION',
  'INTERFACE',
  'UNION',
  'ENUM',
  'ENUM_VALUE',
  'INPUT_OBJECT',
  'INPUT_FIELD_DEFINITION',
];

/** `__schema` and `__type`, of every query root though introspection does not show them. */
export const introspectionRoots: ReadonlyMap<string, FieldDef> = byName<FieldDef>([
  {
    name: '__schema',
    description: null,
    args: new Map(),
    type: named('__Schema', true),
    means: { kind: 'introspectSchema' },
  },
  {
    name: '__type',
    description: null,
    args: byName([inputField('name', named('String', true))]),
    type: named('__Type'),
    means: { kind: 'introspectType' },
  },
]);
