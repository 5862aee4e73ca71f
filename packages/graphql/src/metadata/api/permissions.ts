/** Permissions of roles on tables. */

import { compact, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import type { Permission, TableMetadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { showTable } from '../../model/types.ts';
import { type Command, type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';
import { tableOf } from './relationships.ts';

type Kind = 'select' | 'insert' | 'update' | 'delete';
type List = readonly Permission<unknown>[];

const members = {
  select: 'select_permissions',
  insert: 'insert_permissions',
  update: 'update_permissions',
  delete: 'delete_permissions',
} as const;

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
    const added = compact({ role, permission, comment } as Permission<unknown>);
    const metadata = withTable(staged.metadata, source, name, each => ({
      ...each,
      [members[kind]]: [...((each[members[kind]] ?? []) as List), added],
    }));
    stageConsistently(staged, metadata, { kind: 'permission', source, table: name, role, permission: kind });
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

const kinds = ['select', 'insert', 'update', 'delete'] as const;

const setComment: Command = (args, { staged }) => {
  const { source, name } = tableOf(args, staged.metadata);
  const role = args.text('role');
  const given = args.text('permission');
  const kind = kinds.find(each => each === given);
  if (!kind)
    throw new HasuraError(
      'parse-failed',
      `perm_type should be one of 'insert', 'select', 'update', 'delete'`,
      {
        path: ['args', 'permission'],
      },
    );
  const list = (tableIn(sourceIn(staged.metadata, source), name)?.[members[kind]] ?? []) as List;
  if (!list.some(each => each.role === role))
    throw new HasuraError(
      'permission-denied',
      `'${kind}' permission on "${showTable(name)}" for role "${role}" does not exist`,
      { path: ['args'] },
    );
  const comment = args.optional<string>('comment');
  const change = (each: Permission<unknown>) => (each.role === role ? compact({ ...each, comment }) : each);
  staged.stage(
    withTable(staged.metadata, source, name, each => ({
      ...each,
      [members[kind]]: ((each[members[kind]] ?? []) as List).map(change),
    })),
  );
  return success;
};

export const permissionCommands: CommandTable = {
  ...Object.fromEntries(
    kinds.flatMap(kind => [
      [`pg_create_${kind}_permission`, createPermission(kind)],
      [`pg_drop_${kind}_permission`, dropPermission(kind)],
    ]),
  ),
  pg_set_permission_comment: setComment,
};
