/** Relationships of tables. */

import { compact, defaultSource, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import {
  type ArrayRelationship,
  type ObjectRelationship,
  type QualifiedTable,
  qualify,
  type TableMetadata,
} from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { showTable } from '../../model/types.ts';
import { type Args, type Command, type CommandTable, success } from './command.ts';
import { assertConsistent } from './consistency.ts';

function createRelationship(kind: 'object' | 'array'): Command {
  return (args, { staged }) => {
    const { source, name: table } = tableOf(args, staged.metadata);
    const name = args.text('name');
    const using = args.required<ObjectRelationship['using']>('using');
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
    staged.stage(
      withTable(staged.metadata, source, table, each =>
        kind === 'object'
          ? { ...each, object_relationships: [...(each.object_relationships ?? []), relationship] }
          : {
              ...each,
              array_relationships: [...(each.array_relationships ?? []), relationship as ArrayRelationship],
            },
      ),
    );
    assertConsistent(staged.model, { kind: 'relationship', source, table, name });
    return success;
  };
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
  const remove = <T extends { readonly name: string }>(
    list: readonly T[] | undefined,
  ): readonly T[] | undefined => {
    const rest = list?.filter(each => each.name !== name);
    return rest && rest.length > 0 ? rest : undefined;
  };
  staged.stage(
    withTable(staged.metadata, source, table, each =>
      compact({
        ...each,
        object_relationships: remove(each.object_relationships),
        array_relationships: remove(each.array_relationships),
      } as TableMetadata),
    ),
  );
  return success;
}

export const relationshipCommands: CommandTable = {
  pg_create_object_relationship: createRelationship('object'),
  pg_create_array_relationship: createRelationship('array'),
  pg_drop_relationship: dropRelationship,
};
