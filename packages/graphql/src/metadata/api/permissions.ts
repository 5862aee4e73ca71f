/** Permissions of roles on tables. */

import { compact, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import type { Permission, TableMetadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import {
  readDeletePermission,
  readInsertPermission,
  readSelectPermission,
  readUpdatePermission,
} from '../../model/permissions.ts';
import { type SourceModel, showTable, type TableModel, tableKey } from '../../model/types.ts';
import { type Command, type CommandTable, success } from './command.ts';
import { tableOf } from './relationships.ts';

type Kind = 'select' | 'insert' | 'update' | 'delete';
type List = readonly Permission<unknown>[];

const members = {
  select: 'select_permissions',
  insert: 'insert_permissions',
  update: 'update_permissions',
  delete: 'delete_permissions',
} as const;

const readers: Readonly<
  Record<Kind, (definition: never, table: TableModel, source: SourceModel) => unknown>
> = {
  select: readSelectPermission,
  insert: readInsertPermission,
  update: readUpdatePermission,
  delete: readDeletePermission,
};

function createPermission(kind: Kind): Command {
  return (args, { staged }) => {
    const { source, name } = tableOf(args, staged.metadata);
    const role = args.text('role');
    const permission = args.required<object>('permission');
    const comment = args.optional<string>('comment');
    const list = (tableIn(sourceIn(staged.metadata, source), name)?.[members[kind]] ?? []) as List;
    if (role === 'admin')
      throw new HasuraError(
        'already-exists',
        `${kind} permission already defined on table "${showTable(name)}" with role "admin"`,
        { path: ['args'] },
      );
    if (list.some(each => each.role === role))
      throw new HasuraError(
        'already-exists',
        `permission already defined on table "${showTable(name)}" with role "${role}"`,
        { path: ['args'] },
      );
    const model = staged.model.sources.get(source);
    const table = model?.tables.get(tableKey(name));
    if (model && table) {
      try {
        readers[kind](permission as never, table, model);
      } catch (error) {
        throw error instanceof HasuraError ? error.within(['args']) : error;
      }
    }
    const added = compact({ role, permission, comment } as Permission<unknown>);
    staged.stage(
      withTable(staged.metadata, source, name, each => ({
        ...each,
        [members[kind]]: [...((each[members[kind]] ?? []) as List), added],
      })),
    );
    return success;
  };
}

function dropPermission(kind: Kind): Command {
  return (args, { staged }) => {
    const { source, name } = tableOf(args, staged.metadata);
    const role = args.text('role');
    const list = (tableIn(sourceIn(staged.metadata, source), name)?.[members[kind]] ?? []) as List;
    if (!list.some(each => each.role === role))
      throw new HasuraError(
        'permission-denied',
        `${kind} permission on "${showTable(name)}" for role "${role}" does not exist`,
        { path: ['args'] },
      );
    staged.stage(
      withTable(staged.metadata, source, name, each => {
        const rest = ((each[members[kind]] ?? []) as List).filter(permission => permission.role !== role);
        return compact({ ...each, [members[kind]]: rest.length > 0 ? rest : undefined } as TableMetadata);
      }),
    );
    return success;
  };
}

export const permissionCommands: CommandTable = Object.fromEntries(
  (['select', 'insert', 'update', 'delete'] as const).flatMap(kind => [
    [`pg_create_${kind}_permission`, createPermission(kind)],
    [`pg_drop_${kind}_permission`, dropPermission(kind)],
  ]),
);
