/** Tracking functions, and who may call them. */

import { compact, defaultSource, sourceIn, withSource } from '../../definition/edit.ts';
import {
  type FunctionConfiguration,
  type FunctionMetadata,
  type Metadata,
  type QualifiedFunction,
  qualify,
} from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import type { TableName } from '../../ir/boolExp.ts';
import { expandRole } from '../../model/permissions.ts';
import { showTable, tableKey } from '../../model/types.ts';
import { type Args, type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';

const sourceOf = (args: Args): string => args.optional<string>('source') ?? defaultSource;

/** The v1 API gives the name alone. */
function nameOf(args: Args): TableName {
  return qualify((args.optional<QualifiedFunction>('function') ?? args.value) as QualifiedFunction);
}

function isFunction({ function: given }: FunctionMetadata, name: TableName): boolean {
  const found = qualify(given);
  return found.schema === name.schema && found.name === name.name;
}

function withFunction(
  metadata: Metadata,
  source: string,
  name: TableName,
  change: (fn: FunctionMetadata) => FunctionMetadata,
): Metadata {
  const found = (sourceIn(metadata, source).functions ?? []).some(each => isFunction(each, name));
  if (!found)
    throw new HasuraError('not-exists', `function "${showTable(name)}" not found in source "${source}"`, {
      path: ['args'],
    });
  return withSource(metadata, source, each => ({
    ...each,
    functions: (each.functions ?? []).map(fn => (isFunction(fn, name) ? change(fn) : fn)),
  }));
}

export const functionCommands: CommandTable = {
  async pg_track_function(args, { staged }) {
    const source = sourceOf(args);
    const name = nameOf(args);
    if ((sourceIn(staged.metadata, source).functions ?? []).some(each => isFunction(each, name)))
      throw new HasuraError('already-tracked', `function already tracked: "${showTable(name)}"`, {
        path: ['args'],
      });
    if (staged.model.sources.get(source)?.tables.has(tableKey(name)))
      throw new HasuraError('not-supported', `table with name "${showTable(name)}" already exists`, {
        path: ['args'],
      });
    const fn = compact({
      function: name,
      configuration: args.optional<FunctionConfiguration>('configuration'),
      comment: args.optional<string>('comment'),
    } as FunctionMetadata);
    const metadata = withSource(staged.metadata, source, each => ({
      ...each,
      functions: [...(each.functions ?? []), fn],
    }));
    stageConsistently(staged, metadata, { kind: 'function', source, function: name });
    return success;
  },
  pg_untrack_function(args, { staged }) {
    const source = sourceOf(args);
    const name = nameOf(args);
    if (!(sourceIn(staged.metadata, source).functions ?? []).some(each => isFunction(each, name)))
      throw new HasuraError('not-exists', `function "${showTable(name)}" not found in source "${source}"`, {
        path: ['args'],
      });
    staged.stage(
      withSource(staged.metadata, source, each => ({
        ...each,
        functions: (each.functions ?? []).filter(fn => !isFunction(fn, name)),
      })),
    );
    return success;
  },
  pg_set_function_customization(args, { staged }) {
    const source = sourceOf(args);
    const name = nameOf(args);
    const configuration = args.optional<FunctionConfiguration>('configuration') ?? {};
    const metadata = withFunction(staged.metadata, source, name, fn => ({ ...fn, configuration }));
    stageConsistently(staged, metadata, { kind: 'function', source, function: name });
    return success;
  },
  pg_create_function_permission(args, { staged, config }) {
    const source = sourceOf(args);
    const name = nameOf(args);
    const role = args.text('role');
    const model = staged.model.sources
      .get(source)
      ?.functions.find(fn => showTable(fn.name) === showTable(name));
    if (config.inferFunctionPermissions && model?.exposedAs === 'query')
      throw new HasuraError(
        'not-supported',
        'function permission can only be added when inferring of function permissions is disabled',
        { path: ['args'] },
      );
    const next = withFunction(staged.metadata, source, name, fn => {
      if ((fn.permissions ?? []).some(each => each.role === role))
        throw new HasuraError(
          'already-exists',
          `permission of role "${role}" already exists for function "${showTable(name)}" in source: "${source}"`,
          { path: ['args'] },
        );
      return { ...fn, permissions: [...(fn.permissions ?? []), { role }] };
    });
    const table =
      model && staged.model.sources.get(source)?.tables.get(`${model.returns.schema}\0${model.returns.name}`);
    const granting = expandRole(staged.model, role);
    if (table && !(table.metadata.select_permissions ?? []).some(each => granting.includes(each.role)))
      throw new HasuraError(
        'not-supported',
        `function permission cannot be added as the function "${showTable(name)}" returns table "${showTable(table.name)}" and the role "${role}" does not have select permission configured for the table "${showTable(table.name)}"`,
        { path: ['args'] },
      );
    staged.stage(next);
    return success;
  },
  pg_drop_function_permission(args, { staged }) {
    const source = sourceOf(args);
    const name = nameOf(args);
    const role = args.text('role');
    staged.stage(
      withFunction(staged.metadata, source, name, fn => {
        if (!(fn.permissions ?? []).some(each => each.role === role))
          throw new HasuraError(
            'not-exists',
            `permission of role "${role}" does not exist for function "${showTable(name)}" in source: "${source}"`,
            { path: ['args'] },
          );
        const rest = (fn.permissions ?? []).filter(each => each.role !== role);
        return compact({ ...fn, permissions: rest.length > 0 ? rest : undefined } as FunctionMetadata);
      }),
    );
    return success;
  },
};
