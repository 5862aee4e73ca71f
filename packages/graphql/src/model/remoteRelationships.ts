/** Relationships out of a source or a remote schema: what they begin with, and what they lead to. Pure. */
import type { Scalar } from '../catalog/scalars.ts';
import { qualify, type RemoteSchema } from '../definition/metadata.ts';
import {
  type RemoteCallConf,
  type RemoteRelationshipDefinition,
  readRemoteRelationship,
} from '../definition/remoteRelationships.ts';
import { HasuraError } from '../errors.ts';
import { baseName, named, type TypeRef } from '../ir/typeRef.ts';
import { assertTemplate } from '../remote/template.ts';
import type { RemoteDocument } from '../remote/types.ts';
import {
  type Inconsistency,
  type JoinModel,
  type JoinOwner,
  joinOwnerKey,
  type Model,
  showTable,
  type TableModel,
  tableKey,
} from './types.ts';

type Parts = Pick<Model, 'sources' | 'remoteSchemas'>;
/** GraphQL's types of the members that there are, by their names. */
type Members = ReadonlyMap<string, TypeRef>;

/** By what they begin in. */
export function buildJoins(
  parts: Parts,
  inconsistencies: Inconsistency[],
): ReadonlyMap<string, ReadonlyMap<string, JoinModel>> {
  const joins = new Map<string, Map<string, JoinModel>>();
  const add = (owner: JoinOwner, join: JoinModel): void => {
    const key = joinOwnerKey(owner);
    const known = joins.get(key);
    if (known) known.set(join.name, join);
    else joins.set(key, new Map([[join.name, join]]));
  };
  for (const source of parts.sources.values())
    for (const table of source.tables.values())
      for (const { name, definition } of table.metadata.remote_relationships ?? []) {
        const place = `in table ${showTable(table.name)} in source ${source.name}`;
        const told = tellOf(`in table "${showTable(table.name)}": in remote relationship "${name}": `);
        try {
          if (table.columns.has(name) || table.relationships.has(name) || table.computedFields.has(name))
            throw new HasuraError('already-exists', `field with name "${name}" already exists in the table`);
          const owner: JoinOwner = { kind: 'table', source: source.name, table: table.name };
          add(owner, resolve(name, readRemoteRelationship(definition, []), membersOfTable(table), parts));
        } catch (error) {
          if (!(error instanceof HasuraError)) throw error;
          inconsistencies.push({
            type: 'remote_relationship',
            name: `remote_relationship ${name} ${place}`,
            reason: told(error),
            definition: { name, source: source.name, table: table.name, definition },
            object: { kind: 'remoteRelationship', source: source.name, table: table.name, name },
          });
        }
      }
  for (const { conf, document } of parts.remoteSchemas.values())
    for (const { type_name: type, relationships } of (conf as unknown as RemoteSchema).remote_relationships ??
      [])
      for (const { name, definition } of relationships) {
        const told = tellOf(
          `in remote schema "${conf.name}": in type "${type}": in relationship "${name}": `,
        );
        try {
          const owner: JoinOwner = { kind: 'remoteType', schema: conf.name, type };
          add(
            owner,
            resolve(name, readRemoteRelationship(definition, []), membersOfType(document, type, name), parts),
          );
        } catch (error) {
          if (!(error instanceof HasuraError)) throw error;
          inconsistencies.push({
            type: 'remote_schema_remote_relationship',
            name: `remote_schema_remote_relationship ${name} on type ${type} in remote schema ${conf.name}`,
            reason: told(error),
            definition: { name, remote_schema: conf.name, type_name: type, definition },
            object: { kind: 'remoteTypeRelationship', schema: conf.name, type, name },
          });
        }
      }
  return joins;
}

const tellOf =
  (place: string) =>
  (error: HasuraError): string =>
    `Inconsistent object: ${place}${error.message}`;

/** Columns, and computed fields that need no arguments. */
function membersOfTable(table: TableModel): Members {
  const members = new Map<string, TypeRef>();
  for (const { name, scalar } of table.columns.values()) members.set(name, typeOf(scalar));
  for (const field of table.computedFields.values()) {
    const { facts, returns, sessionArgument } = field;
    const given = sessionArgument === null ? 1 : 2;
    if (returns.kind === 'scalar' && facts.arguments.length === given)
      members.set(field.name, typeOf(returns.scalar));
  }
  return members;
}

function typeOf(scalar: Scalar): TypeRef {
  return named(scalar.graphql);
}

/** @throws {HasuraError} for a type that there is not */
function membersOfType(document: RemoteDocument, typeName: string, name: string): Members {
  const type = document.types.get(typeName);
  if (type?.kind !== 'object' && type?.kind !== 'interface')
    throw new HasuraError('not-exists', `type "${typeName}" does not exist in the remote schema`);
  if (type.fields.has(name))
    throw new HasuraError('already-exists', `field with name "${name}" already exists in the type`);
  return new Map([...type.fields].map(([field, { type: of }]) => [field, of]));
}

function resolve(
  name: string,
  definition: RemoteRelationshipDefinition,
  members: Members,
  parts: Parts,
): JoinModel {
  const known = (member: string): string => {
    if (!members.has(member)) throw new HasuraError('not-exists', `field "${member}" does not exist`);
    return member;
  };
  if (definition.kind === 'source') {
    const source = parts.sources.get(definition.source);
    if (!source)
      throw new HasuraError('not-exists', `source with name "${definition.source}" is not defined`);
    const target = qualify(definition.table);
    const table = source.tables.get(tableKey(target));
    if (!table)
      throw new HasuraError(
        'not-exists',
        `table "${showTable(target)}" does not exist in source: ${definition.source}`,
      );
    const mapping = Object.entries(definition.mapping).map(([member, column]) => {
      if (!table.columns.has(column)) throw new HasuraError('not-exists', `"${column}" does not exist`);
      return [known(member), column] as const;
    });
    return {
      kind: 'source',
      name,
      source: definition.source,
      table: target,
      shape: definition.type,
      mapping,
    };
  }
  const schema = parts.remoteSchemas.get(definition.schema);
  if (!schema)
    throw new HasuraError('not-exists', `remote schema with name "${definition.schema}" not found`);
  const given = new Map(definition.fields.map(member => [known(member), members.get(member)!]));
  const steps = stepsOf(definition.call, schema.document, given);
  return { kind: 'remoteSchema', name, schema: definition.schema, members: definition.fields, steps };
}

type RemoteJoinModel = Extract<JoinModel, { readonly kind: 'remoteSchema' }>;

/** One field below the other. @throws {HasuraError} for what the remote schema does not have */
function stepsOf(
  call: RemoteCallConf,
  document: RemoteDocument,
  given: Members,
  typeName = document.query,
): RemoteJoinModel['steps'] {
  const [found, ...others] = Object.entries(call);
  if (!found || others.length > 0) throw new HasuraError('parse-failed', 'expecting one single field');
  const [field, { arguments: args, field: below }] = found;
  const type = document.types.get(typeName);
  const def = type?.kind === 'object' ? type.fields.get(field) : undefined;
  if (!def) throw new HasuraError('not-exists', `field with name "${field}" not found in remote schema`);
  for (const [name, template] of Object.entries(args ?? {})) {
    const input = def.args.get(name);
    if (!input)
      throw new HasuraError('not-exists', `argument with name "${name}" not found in remote schema`);
    assertTemplate(template, input.type, document, given);
  }
  const step = { field, args: args ?? {} };
  return below ? [step, ...stepsOf(below, document, given, baseName(def.type))] : [step];
}
