/**
 * The schema of a role: its root types, whose fields bring all others when they are looked up.
 */
import type { RoleView } from '../model/permissions.ts';
import { remoteDocumentOf } from '../model/remotePermissions.ts';
import { joinOwnerKey, type Model, type RemoteSchemaModel, type TableModel } from '../model/types.ts';
import { actionRoots } from './actions.ts';
import {
  type JoinFields,
  type SchemaContext,
  type SchemaOptions,
  type SharedContext,
  TypeRegister,
} from './context.ts';
import { federationRoots, isEntity, isFederated } from './federation.ts';
import { byName } from './inputField.ts';
import { defineIntrospection } from './introspection.ts';
import { defineNode, isNode } from './relay.ts';
import { remoteRoots } from './remote.ts';
import { remoteJoinFields } from './remoteJoin.ts';
import { builtin } from './scalars.ts';
import { sourceRoots } from './sourceRoots.ts';
import { tableObject } from './table.ts';
import { tableJoinFields } from './tableJoin.ts';
import { type FieldDef, named, type RoleSchema } from './types.ts';

export function buildRoleSchema(model: Model, view: RoleView, options: SchemaOptions): RoleSchema {
  const types = new TypeRegister();
  const remotes = remoteSchemasOf(model, view, options);
  const shared: SharedContext = { model, view, options, types, joined: joinFieldsOf(() => shared, remotes) };
  const queries: FieldDef[] = [];
  const subscriptions: FieldDef[] = [];
  const mutations: FieldDef[] = [];
  for (const source of model.sources.values()) {
    const context: SchemaContext = { ...shared, source };
    const own = sourceRoots(context);
    queries.push(...namespaced(context, 'query', own.queries));
    subscriptions.push(...namespaced(context, 'subscription', own.subscriptions));
    mutations.push(
      ...namespaced(context, options.isBackend ? 'mutation_backend' : 'mutation_frontend', own.mutations),
    );
  }
  if (options.kind === 'relay') {
    const nodes = nodeTypes(shared);
    if (nodes.length > 0) {
      const node = defineNode(types, nodes);
      queries.push(node);
      subscriptions.push(node);
    }
  }
  const actions = actionRoots(shared);
  queries.push(...actions.queries);
  subscriptions.push(...actions.subscriptions);
  mutations.push(...actions.mutations);
  for (const schema of remotes.values()) {
    const own = remoteRoots({ schema, types, joined: shared.joined });
    queries.push(...own.queries);
    subscriptions.push(...own.subscriptions);
    mutations.push(...own.mutations);
  }
  if (isFederated(options)) queries.push(...federationRoots(types, entityTypes(shared)));
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

/** Those that the role may use, with what of them it sees; Relay's schema has none. */
function remoteSchemasOf(
  model: Model,
  view: RoleView,
  { kind, seesRemoteSchemas }: SchemaOptions,
): ReadonlyMap<string, RemoteSchemaModel> {
  const schemas = new Map<string, RemoteSchemaModel>();
  if (kind === 'relay') return schemas;
  for (const [name, schema] of model.remoteSchemas) {
    const document = seesRemoteSchemas
      ? schema.document
      : remoteDocumentOf(schema, view.role, model.inheritedRoles);
    if (document) schemas.set(name, { ...schema, document });
  }
  return schemas;
}

/** What leads out of a source or a remote schema; Relay's schema has nothing of it. */
function joinFieldsOf(
  shared: () => SharedContext,
  remotes: ReadonlyMap<string, RemoteSchemaModel>,
): JoinFields {
  return (owner, typeName, sees) => {
    const { model, options, types, joined } = shared();
    if (options.kind === 'relay') return [];
    return [...(model.joins.get(joinOwnerKey(owner))?.values() ?? [])].flatMap(join => {
      const members = join.kind === 'source' ? join.mapping.map(([member]) => member) : join.members;
      if (!members.every(sees)) return [];
      if (join.kind === 'source') return tableJoinFields(shared(), { ...join, keys: join.mapping });
      const schema = remotes.get(join.schema);
      return schema ? remoteJoinFields({ schema, types, joined }, join, typeName) : [];
    });
  };
}

/** The types of rows that have an id, whichever source they are of. */
function nodeTypes(shared: SharedContext): string[] {
  return [...shared.model.sources.values()].flatMap(source => {
    const context: SchemaContext = { ...shared, source };
    return [...source.tables.values()]
      .filter(table => table.isInGraphql && isNode(context, table))
      .map(table => tableObject(context, table));
  });
}

/** Tables whose rows a gateway asks for by key, by the names of their types. */
function entityTypes(shared: SharedContext): ReadonlyMap<string, TableModel> {
  const entities = new Map<string, TableModel>();
  for (const source of shared.model.sources.values()) {
    const context: SchemaContext = { ...shared, source };
    for (const table of source.tables.values())
      if (table.isInGraphql && isEntity(context, table)) entities.set(tableObject(context, table), table);
  }
  return entities;
}

/** Under the one field of the source's namespace, where it has one. */
function namespaced(
  { source, types }: SchemaContext,
  operation: string,
  fields: readonly FieldDef[],
): readonly FieldDef[] {
  const { naming, metadata } = source;
  if (naming.namespace === null || fields.length === 0) return fields;
  const { prefix = '', suffix = '' } = metadata.customization?.type_names ?? {};
  const name = `${prefix}${naming.namespace}_${operation}${suffix}`;
  types.define(name, () => ({
    kind: 'object',
    name,
    description: null,
    interfaces: [],
    fields: byName(fields),
  }));
  return [
    {
      name: naming.namespace,
      description: null,
      args: new Map(),
      type: named(name),
      means: { kind: 'namespace' },
    },
  ];
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
