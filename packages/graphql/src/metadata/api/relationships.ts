/** Relationships of tables. */

import { compact, defaultSource, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import {
  type ArrayRelationship,
  type ObjectRelationship,
  type QualifiedTable,
  qualify,
  type TableMetadata,
} from '../../definition/metadata.ts';
import { wholeUsing } from '../../definition/names.ts';
import { HasuraError } from '../../errors.ts';
import { showTable } from '../../model/types.ts';
import { stageWithout } from '../dependents.ts';
import { withoutObject } from '../purge.ts';
import { type Args, type Command, type CommandTable, success } from './command.ts';
import { assertConsistent, stageConsistently } from './consistency.ts';

function createRelationship(kind: 'object' | 'array'): Command {
  return (args, { staged }) => {
    const { source, name: table } = tableOf(args, staged.metadata);
    const name = args.text('name');
    const given = args.required<ObjectRelationship['using']>('using');
    assertUsing(kind, given);
    const using = wholeUsing(given);
    const comment = args.optional<string>('comment');
    const relationship = compact({ name, using, comment } as ObjectRelationship);
    const found = tableIn(sourceIn(staged.metadata, source), table);
    const isTaken = [...(found?.object_relationships ?? []), ...(found?.array_relationships ?? [])].some(
      each => each.name === name,
    );
    if (
      isTaken ||
      staged.model.sources.get(source)?.tables.get(`${table.schema}\0${table.name}`)?.columns.has(name)
    )
      throw new HasuraError(
        'already-exists',
        `field with name "${name}" already exists in table "${showTable(table)}"`,
        { path: ['args'] },
      );
    const metadata = withTable(staged.metadata, source, table, each =>
      kind === 'object'
        ? { ...each, object_relationships: [...(each.object_relationships ?? []), relationship] }
        : {
            ...each,
            array_relationships: [...(each.array_relationships ?? []), relationship as ArrayRelationship],
          },
    );
    stageConsistently(staged, metadata, { kind: 'relationship', source, table, name });
    return success;
  };
}

/** An array's foreign key is the other table's. @throws {HasuraError} */
function assertUsing(kind: 'object' | 'array', using: ObjectRelationship['using'] | null): void {
  if (kind === 'object' || using === null || typeof using !== 'object') return;
  const on: unknown = 'foreign_key_constraint_on' in using ? using.foreign_key_constraint_on : null;
  const isObject = on !== null && typeof on === 'object' && !Array.isArray(on) && 'table' in on;
  if ('foreign_key_constraint_on' in using && !isObject)
    throw new HasuraError('parse-failed', 'Expecting object { table, columns }.', {
      path: ['using', 'foreign_key_constraint_on'],
    });
}

/** @throws {HasuraError} not-exists */
export function tableOf(args: Args, metadata: Parameters<typeof sourceIn>[0]) {
  const source = args.optional<string>('source') ?? defaultSource;
  const name = qualify(args.required<QualifiedTable>('table'));
  if (!tableIn(sourceIn(metadata, source), name))
    throw new HasuraError('not-exists', `table "${showTable(name)}" does not exist in source: ${source}`, {
      path: ['args', 'table'],
    });
  return { source, name };
}

function dropRelationship(args: Args, { staged }: Parameters<Command>[1]) {
  const { source, name: table } = tableOf(args, staged.metadata);
  const name = args.text('relationship');
  const found = tableIn(sourceIn(staged.metadata, source), table);
  const known = [...(found?.object_relationships ?? []), ...(found?.array_relationships ?? [])];
  if (!known.some(each => each.name === name))
    throw new HasuraError('not-exists', `relationship "${name}" does not exist`, {
      path: ['args', 'relationship'],
    });
  const object = { kind: 'relationship', source, table, name } as const;
  stageWithout(staged, withoutObject(staged.metadata, object), { cascade: args.flag('cascade') });
  return success;
}

type Relationship = ObjectRelationship | ArrayRelationship;

/** Changes one relationship of a table, whichever its kind. @throws {HasuraError} when there is none of that name */
function withRelationship(
  args: Args,
  { staged }: Parameters<Command>[1],
  change: <R extends Relationship>(relationship: R) => R,
) {
  const { source, name: table } = tableOf(args, staged.metadata);
  const name = args.text('name');
  const found = tableIn(sourceIn(staged.metadata, source), table);
  const known = [...(found?.object_relationships ?? []), ...(found?.array_relationships ?? [])];
  if (!known.some(each => each.name === name))
    throw new HasuraError('not-exists', `relationship "${name}" does not exist`, { path: ['args'] });
  const changed = <R extends Relationship>(list: readonly R[] | undefined): readonly R[] | undefined =>
    list?.map(each => (each.name === name ? change(each) : each));
  staged.stage(
    withTable(staged.metadata, source, table, each =>
      compact({
        ...each,
        object_relationships: changed(each.object_relationships),
        array_relationships: changed(each.array_relationships),
      } as TableMetadata),
    ),
  );
  return { source, table, known };
}

export const relationshipCommands: CommandTable = {
  pg_rename_relationship(args, context) {
    const name = args.text('new_name');
    const { source, table, known } = withRelationship(args, context, each => ({ ...each, name }));
    if (known.some(each => each.name === name))
      throw new HasuraError(
        'already-exists',
        `cannot rename relationship "${args.text('name')}" to "${name}" in table "${showTable(table)}" as a column/relationship with the name already exists`,
        { path: ['args'] },
      );
    assertConsistent(context.staged.model, { kind: 'relationship', source, table, name });
    return success;
  },
  pg_set_relationship_comment(args, context) {
    const comment = args.optional<string>('comment');
    withRelationship(args, context, each => compact({ ...each, comment }));
    return success;
  },
  pg_create_object_relationship: createRelationship('object'),
  pg_create_array_relationship: createRelationship('array'),
  pg_drop_relationship: dropRelationship,
};
