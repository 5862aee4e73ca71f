/** Native queries, and the logical models that describe their rows. */
import { PgError, type Pool, quoteIdentifier } from '@peakstone/kernel/pg';
import { compact, defaultSource, withSource } from '../../definition/edit.ts';
import type {
  LogicalModel,
  Metadata,
  NativeQuery,
  Permission,
  SelectPermission,
  Source,
} from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { nativeName, parseCode } from '../../model/nativeQuery.ts';
import { readSelectPermission } from '../../model/permissions.ts';
import { type SourceModel, type TableModel, tableKey } from '../../model/types.ts';
import { stageWithout } from '../dependents.ts';
import { type Args, type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';

export const nativeQueryCommands: CommandTable = {
  async pg_track_native_query(args, { staged, pool }) {
    const source = sourceOf(args, staged.metadata);
    const name = args.text('root_field_name');
    if ((source.native_queries ?? []).some(each => each.root_field_name === name))
      throw new HasuraError('already-tracked', `Native query '${name}' is already tracked.`, {
        path: ['args'],
      });
    parseCode(args.text('code'));
    const query = compact({
      root_field_name: name,
      code: args.text('code'),
      returns: args.required<NativeQuery['returns']>('returns'),
      arguments: args.optional<NativeQuery['arguments']>('arguments'),
      description: args.optional<string>('description'),
      object_relationships: args.optional<NativeQuery['object_relationships']>('object_relationships'),
      array_relationships: args.optional<NativeQuery['array_relationships']>('array_relationships'),
    }) as NativeQuery;
    const metadata = withSource(staged.metadata, source.name, each => ({
      ...each,
      native_queries: [...(each.native_queries ?? []), query],
    }));
    stageConsistently(staged, metadata, { kind: 'nativeQuery', source: source.name, name });
    const model = nativeIn(staged.model.sources.get(source.name), name);
    if (model) await assertRuns(model, pool(source.name));
    return success;
  },
  pg_untrack_native_query(args, { staged }) {
    const source = sourceOf(args, staged.metadata);
    const name = args.text('root_field_name');
    if (!(source.native_queries ?? []).some(each => each.root_field_name === name))
      throw notFound('Native query', name, source);
    const metadata = withSource(staged.metadata, source.name, each => {
      const rest = (each.native_queries ?? []).filter(query => query.root_field_name !== name);
      return compact({ ...each, native_queries: rest.length > 0 ? rest : undefined } as Source);
    });
    stageWithout(staged, metadata, { cascade: args.flag('cascade') });
    return success;
  },
  pg_get_native_query: (args, { staged }) => sourceOf(args, staged.metadata).native_queries ?? [],
  pg_track_logical_model(args, { staged }) {
    const source = sourceOf(args, staged.metadata);
    const name = args.text('name');
    if ((source.logical_models ?? []).some(each => each.name === name))
      throw new HasuraError('already-tracked', `Logical model '${name}' is already tracked.`, {
        path: ['args'],
      });
    const model = compact({
      name,
      fields: args.required<LogicalModel['fields']>('fields'),
      description: args.optional<string>('description'),
    }) as LogicalModel;
    stageConsistently(
      staged,
      withSource(staged.metadata, source.name, each => ({
        ...each,
        logical_models: [...(each.logical_models ?? []), model],
      })),
      null,
    );
    return success;
  },
  pg_untrack_logical_model(args, { staged }) {
    const source = sourceOf(args, staged.metadata);
    const { name } = logicalModelOf(args, source);
    const metadata = withSource(staged.metadata, source.name, each => {
      const rest = (each.logical_models ?? []).filter(model => model.name !== name);
      return compact({ ...each, logical_models: rest.length > 0 ? rest : undefined } as Source);
    });
    stageWithout(staged, metadata, { cascade: args.flag('cascade') });
    return success;
  },
  pg_get_logical_model: (args, { staged }) => sourceOf(args, staged.metadata).logical_models ?? [],
  pg_create_logical_model_select_permission(args, { staged }) {
    const source = sourceOf(args, staged.metadata);
    const model = logicalModelOf(args, source);
    const role = args.text('role');
    const permission = args.required<SelectPermission>('permission');
    const comment = args.optional<string>('comment');
    if ((model.select_permissions ?? []).some(each => each.role === role))
      throw new HasuraError(
        'already-exists',
        `permission already defined on logical model "${model.name}" with role "${role}"`,
        { path: ['args'] },
      );
    const known = staged.model.sources.get(source.name);
    for (const table of known?.tables.values() ?? [])
      if (table.native && table.id.text === model.name) readSelectPermission(permission, table, known!);
    const added = compact({ role, permission, comment }) as Permission<SelectPermission>;
    staged.stage(withModel(staged.metadata, source, model, [...(model.select_permissions ?? []), added]));
    return success;
  },
  pg_drop_logical_model_select_permission(args, { staged }) {
    const source = sourceOf(args, staged.metadata);
    const model = logicalModelOf(args, source);
    const role = args.text('role');
    const known = model.select_permissions ?? [];
    if (!known.some(each => each.role === role))
      throw new HasuraError(
        'not-found',
        `select permission on logical model "${model.name}" for role "${role}" does not exist`,
        { path: ['args'], status: 400 },
      );
    staged.stage(
      withModel(
        staged.metadata,
        source,
        model,
        known.filter(each => each.role !== role),
      ),
    );
    return success;
  },
};

/** @throws {HasuraError} */
function sourceOf(args: Args, metadata: Metadata): Source {
  const name = args.optional<string>('source') ?? defaultSource;
  const found = metadata.sources.find(each => each.name === name);
  if (!found)
    throw new HasuraError('not-found', `Source "${name}" not found.`, { path: ['args'], status: 400 });
  return found;
}

function notFound(what: string, name: string, source: Source): HasuraError {
  return new HasuraError('not-found', `${what} "${name}" not found in source "${source.name}".`, {
    path: ['args'],
    status: 400,
  });
}

/** @throws {HasuraError} */
function logicalModelOf(args: Args, source: Source): LogicalModel {
  const name = args.text('name');
  const found = (source.logical_models ?? []).find(each => each.name === name);
  if (!found) throw notFound('Logical model', name, source);
  return found;
}

function withModel(
  metadata: Metadata,
  source: Source,
  { name }: LogicalModel,
  permissions: NonNullable<LogicalModel['select_permissions']>,
): Metadata {
  return withSource(metadata, source.name, each => ({
    ...each,
    logical_models: (each.logical_models ?? []).map(model =>
      model.name === name
        ? (compact({
            ...model,
            select_permissions: permissions.length > 0 ? permissions : undefined,
          }) as LogicalModel)
        : model,
    ),
  }));
}

function nativeIn(source: SourceModel | undefined, name: string): TableModel | undefined {
  return source?.tables.get(tableKey(nativeName(name)));
}

/** Has the database look at it: whether it parses, and gives the columns that it is said to. @throws {HasuraError} */
async function assertRuns({ native, columns }: TableModel, pool: Pool): Promise<void> {
  const order = new Map(native!.arguments.map(({ name }, i) => [name, i + 1]));
  const types = new Map(native!.arguments.map(({ name, scalar }) => [name, scalar.sql]));
  const code = native!.parts
    .map(part =>
      typeof part === 'string' ? part : `($${order.get(part.argument)}::${types.get(part.argument)})`,
    )
    .join('');
  const shown = [...columns.keys()].map(name => `q$.${quoteIdentifier(name)}`).join(', ');
  try {
    await pool.exchange({
      begin: 'begin read only',
      statements: [
        {
          text: `select ${shown === '' ? '1' : shown} from (${code}\n) q$ limit 0`,
          values: native!.arguments.map(() => null),
          prepare: false,
        },
      ],
    });
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    throw new HasuraError('validation-failed', 'Failed to validate query', {
      path: ['args'],
      cause: error,
      internal: { message: error.message, status_code: error.code, hint: error.fields.hint ?? null },
    });
  }
}
