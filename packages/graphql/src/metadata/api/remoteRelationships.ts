/** Relationships out of a source or a remote schema. */
import {
  compact,
  tableIn as findTable,
  sourceIn,
  withRemoteTypes,
  withTable,
} from '../../definition/edit.ts';
import type { JsonObject, Metadata, RemoteRelationship } from '../../definition/metadata.ts';
import { readRemoteRelationship } from '../../definition/remoteRelationships.ts';
import { HasuraError } from '../../errors.ts';
import { showTable, tableKey } from '../../model/types.ts';
import { withoutObject } from '../purge.ts';
import type { Args, CommandContext, CommandTable } from './command.ts';
import { success } from './command.ts';
import { stageConsistently } from './consistency.ts';
import { tableOf } from './relationships.ts';

/** As metadata keeps it; the older commands write its members beside the name. @throws {HasuraError} */
function definitionOf(args: Args): JsonObject {
  const whole = args.optional<JsonObject>('definition');
  const definition =
    whole ??
    (compact({
      remote_field: args.optional('remote_field'),
      hasura_fields: args.optional('hasura_fields'),
      remote_schema: args.optional('remote_schema'),
    }) as JsonObject);
  readRemoteRelationship(definition, whole ? ['args', 'definition'] : ['args']);
  return definition;
}

function tableRelationship(args: Args, { staged }: CommandContext) {
  const { source, name: table } = tableOf(args, staged.metadata);
  const name = args.text('name');
  const known = findTable(sourceIn(staged.metadata, source), table)?.remote_relationships ?? [];
  return { source, table, name, known, isThere: known.some(each => each.name === name) };
}

function stageOfTable(
  { staged }: CommandContext,
  { source, table, name }: Pick<ReturnType<typeof tableRelationship>, 'source' | 'table' | 'name'>,
  list: readonly RemoteRelationship[],
): void {
  const metadata = withTable(staged.metadata, source, table, each => ({
    ...each,
    remote_relationships: list,
  }));
  stageConsistently(staged, metadata, { kind: 'remoteRelationship', source, table, name });
}

function missing(name: string): HasuraError {
  return new HasuraError('not-exists', `relationship "${name}" does not exist`, { path: ['args', 'name'] });
}

/** @throws {HasuraError} not-exists for a remote schema that there is not */
function typeRelationship(args: Args, { staged }: CommandContext) {
  const schema = args.text('remote_schema');
  const found = (staged.metadata.remote_schemas ?? []).find(each => each.name === schema);
  if (!found)
    throw new HasuraError('not-exists', `remote schema with name "${schema}" does not exist`, {
      path: ['args'],
    });
  const type = args.text('type_name');
  const name = args.text('name');
  const known = found.remote_relationships?.find(each => each.type_name === type)?.relationships ?? [];
  return { schema, type, name, isThere: known.some(each => each.name === name) };
}

function stageOfType(
  { staged }: CommandContext,
  { schema, type, name }: ReturnType<typeof typeRelationship>,
  definition: JsonObject,
): void {
  const metadata: Metadata = withRemoteTypes(staged.metadata, schema, types => {
    const before = types.find(each => each.type_name === type)?.relationships ?? [];
    const changed = {
      type_name: type,
      relationships: [...before.filter(each => each.name !== name), { name, definition }],
    };
    return types.some(each => each.type_name === type)
      ? types.map(each => (each.type_name === type ? changed : each))
      : [...types, changed];
  });
  stageConsistently(staged, metadata, { kind: 'remoteTypeRelationship', schema, type, name });
}

export const remoteRelationshipCommands: CommandTable = {
  pg_create_remote_relationship(args, context) {
    const found = tableRelationship(args, context);
    const { source, table, name, known } = found;
    const model = context.staged.model.sources.get(source)?.tables.get(tableKey(table));
    const isTaken =
      model?.columns.has(name) || model?.relationships.has(name) || model?.computedFields.has(name);
    if (found.isThere || isTaken)
      throw new HasuraError(
        'already-exists',
        `field with name "${name}" already exists in table "${showTable(table)}"`,
        { path: ['args'] },
      );
    stageOfTable(context, found, [...known, { name, definition: definitionOf(args) }]);
    return success;
  },
  pg_update_remote_relationship(args, context) {
    const found = tableRelationship(args, context);
    const { name, known } = found;
    if (!found.isThere) throw missing(name);
    const definition = definitionOf(args);
    stageOfTable(
      context,
      found,
      known.map(each => (each.name === name ? { ...each, definition } : each)),
    );
    return success;
  },
  pg_delete_remote_relationship(args, context) {
    const { source, table, name, isThere } = tableRelationship(args, context);
    if (!isThere) throw missing(name);
    const object = { kind: 'remoteRelationship', source, table, name } as const;
    stageConsistently(context.staged, withoutObject(context.staged.metadata, object), null);
    return success;
  },
  create_remote_schema_remote_relationship(args, context) {
    const found = typeRelationship(args, context);
    if (found.isThere)
      throw new HasuraError(
        'already-exists',
        `field with name "${found.name}" already exists in type "${found.type}"`,
        { path: ['args'] },
      );
    stageOfType(context, found, definitionOf(args));
    return success;
  },
  update_remote_schema_remote_relationship(args, context) {
    const found = typeRelationship(args, context);
    if (!found.isThere) throw missing(found.name);
    stageOfType(context, found, definitionOf(args));
    return success;
  },
  delete_remote_schema_remote_relationship(args, context) {
    const { schema, type, name, isThere } = typeRelationship(args, context);
    if (!isThere) throw missing(name);
    const object = { kind: 'remoteTypeRelationship', schema, type, name } as const;
    stageConsistently(context.staged, withoutObject(context.staged.metadata, object), null);
    return success;
  },
};
