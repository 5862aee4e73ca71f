/**
 * The schema of a role: its root types, whose fields bring all others when they are looked up.
 */
import type { RoleView } from '../model/permissions.ts';
import type { Model } from '../model/types.ts';
import { type SchemaContext, type SchemaOptions, TypeRegister } from './context.ts';
import { deleteRoots } from './delete.ts';
import { functionRoots } from './functionRoots.ts';
import { byName } from './inputField.ts';
import { insertRoots } from './insert.ts';
import { defineIntrospection } from './introspection.ts';
import { selectRoots } from './roots.ts';
import { builtin } from './scalars.ts';
import type { FieldDef, RoleSchema } from './types.ts';
import { updateRoots } from './update.ts';

export function buildRoleSchema(model: Model, view: RoleView, options: SchemaOptions): RoleSchema {
  const types = new TypeRegister();
  const queries: FieldDef[] = [];
  const subscriptions: FieldDef[] = [];
  const mutations: FieldDef[] = [];
  for (const source of model.sources.values()) {
    const context: SchemaContext = { model, source, view, options, types };
    for (const table of source.tables.values()) {
      queries.push(...selectRoots(context, table, 'query'));
      subscriptions.push(...selectRoots(context, table, 'subscription'));
      mutations.push(
        ...insertRoots(context, table),
        ...updateRoots(context, table),
        ...deleteRoots(context, table),
      );
    }
    for (const fn of source.functions) {
      const roots = functionRoots(context, fn);
      if (fn.exposedAs === 'mutation') mutations.push(...roots);
      else {
        queries.push(...roots);
        subscriptions.push(...roots);
      }
    }
  }
  const query = types.define('query_root', () => ({
    kind: 'object',
    name: 'query_root',
    description: null,
    interfaces: [],
    fields: byName(queries.length > 0 ? queries : [noQueries(types)]),
  }));
  if (mutations.length > 0)
    types.define('mutation_root', () => ({
      kind: 'object',
      name: 'mutation_root',
      description: 'mutation root',
      interfaces: [],
      fields: byName(mutations),
    }));
  if (subscriptions.length > 0)
    types.define('subscription_root', () => ({
      kind: 'object',
      name: 'subscription_root',
      description: null,
      interfaces: [],
      fields: byName(subscriptions),
    }));
  defineIntrospection(types);
  return {
    query,
    mutation: mutations.length > 0 ? 'mutation_root' : null,
    subscription: subscriptions.length > 0 ? 'subscription_root' : null,
    type: name => types.get(name),
  };
}

/** GraphQL wants a field where the role sees none. */
function noQueries(types: TypeRegister): FieldDef {
  return {
    name: 'no_queries_available',
    description:
      "There are no queries available to the current role. Either there are no sources or remote schemas configured, or the current role doesn't have the required permissions.",
    args: new Map(),
    type: builtin({ types }, 'String', true),
    means: { kind: 'noQueries' },
  };
}
