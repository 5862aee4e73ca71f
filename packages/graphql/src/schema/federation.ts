/**
 * What a gateway of Apollo Federation asks of a subgraph: its schema, and rows by their keys.
 * @see https://www.apollographql.com/docs/federation/subgraph-spec
 * @see https://hasura.io/docs/2.0/data-federation/apollo-federation/
 */
import type { TableModel } from '../model/types.ts';
import { type SchemaContext, type SchemaOptions, selectOf, type TypeRegister } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin } from './scalars.ts';
import { type FieldDef, listOf, named } from './types.ts';

export const federationFeature = 'apollo_federation';

export function isFederated({ kind, beyond }: SchemaOptions): boolean {
  return kind === 'standard' && beyond.has(federationFeature);
}

/** Whether rows of a table can be asked for by their keys: its metadata says so, and the role may read them. */
export function isEntity(context: SchemaContext, table: TableModel): boolean {
  return (
    isFederated(context.options) &&
    Boolean(table.metadata.apollo_federation_config) &&
    table.primaryKey.length > 0 &&
    table.primaryKey.every(({ graphql }) => graphql !== null) &&
    selectOf(context, table) !== null
  );
}

/** `@key(fields: "id")` */
export function keyDirective({ primaryKey }: TableModel): string {
  return `@key(fields: "${primaryKey.map(({ graphql }) => graphql).join(' ')}")`;
}

/** `_service`, and `_entities` where there are any; `entities` are tables by the names of their types. */
export function federationRoots(
  types: TypeRegister,
  entities: ReadonlyMap<string, TableModel>,
): readonly FieldDef[] {
  types.define('_Service', () => ({
    kind: 'object',
    name: '_Service',
    description: null,
    interfaces: [],
    fields: byName<FieldDef>([
      {
        name: 'sdl',
        description: 'SDL representation of schema',
        args: new Map(),
        type: builtin({ types }, 'String', true),
        means: { kind: 'sdl' },
      },
    ]),
  }));
  const service: FieldDef = {
    name: '_service',
    description: null,
    args: new Map(),
    type: named('_Service', true),
    means: { kind: 'service' },
  };
  if (entities.size === 0) return [service];
  types.define('_Any', () => ({ kind: 'scalar', name: '_Any', description: 'Scalar _Any' }));
  types.define('_Entity', () => ({
    kind: 'union',
    name: '_Entity',
    description: 'A union of all types that use the @key directive',
    possibleTypes: [...entities.keys()],
  }));
  return [
    service,
    {
      name: '_entities',
      description: 'query _Entity union',
      args: byName([inputField('representations', listOf(named('_Any', true), true))]),
      type: named('_Entity'),
      means: { kind: 'entities', entities },
    },
  ];
}
