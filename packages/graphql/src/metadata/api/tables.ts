/** Tracking tables and views. */

import {
  compact,
  defaultSource,
  isTable,
  sourceIn,
  tableIn,
  withSource,
  withTable,
} from '../../definition/edit.ts';
import {
  type QualifiedTable,
  qualify,
  type TableConfiguration,
  type TableMetadata,
} from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { showTable } from '../../model/types.ts';
import { type Args, type CommandContext, type CommandTable, success } from './command.ts';
import { assertConsistent } from './consistency.ts';

const sourceOf = (args: Args): string => args.optional<string>('source') ?? defaultSource;

function trackTable(args: Args, { staged }: CommandContext) {
  const given = (
    typeof args.value === 'string' ? args.value : (args.optional<QualifiedTable>('table') ?? args.value)
  ) as QualifiedTable;
  const name = qualify(given);
  const source = sourceOf(args);
  if (tableIn(sourceIn(staged.metadata, source), name))
    throw new HasuraError('already-tracked', `view/table already tracked: "${showTable(name)}"`, {
      path: ['args'],
    });
  const table: TableMetadata = compact({
    table: name,
    is_enum: args.flag('is_enum') || undefined,
    configuration: args.optional<TableConfiguration>('configuration'),
    apollo_federation_config: args.optional<{ readonly enable: 'v1' }>('apollo_federation_config'),
  } as TableMetadata);
  return {
    metadata: withSource(staged.metadata, source, each => ({ ...each, tables: [...each.tables, table] })),
    name,
    source,
  };
}

export const tableCommands: CommandTable = {
  async pg_track_table(args, context) {
    const { metadata, name, source } = trackTable(args, context);
    context.staged.stage(metadata);
    // It may have been made since the database was last asked.
    const before = context.staged.model.sources.get(source)?.tables.size ?? 0;
    if (before < (metadata.sources.find(each => each.name === source)?.tables.length ?? 0))
      await context.staged.refresh(source);
    assertConsistent(context.staged.model, { kind: 'table', source, table: name });
    return success;
  },
  pg_untrack_table(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    if (!tableIn(sourceIn(staged.metadata, source), name))
      throw new HasuraError('already-untracked', `view/table already untracked: "${showTable(name)}"`, {
        path: ['args'],
      });
    staged.stage(
      withSource(staged.metadata, source, each => ({
        ...each,
        tables: each.tables.filter(({ table }) => !isTable(table, name)),
      })),
    );
    return success;
  },
  async pg_set_table_is_enum(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    const isEnum = args.flag('is_enum');
    staged.stage(
      withTable(staged.metadata, source, name, table =>
        compact({ ...table, is_enum: isEnum || undefined } as TableMetadata),
      ),
    );
    await staged.refresh(source);
    assertConsistent(staged.model, { kind: 'table', source, table: name });
    return success;
  },
  /** The older command for names, which replaces all of them. */
  set_table_custom_fields: (args, { run }) =>
    run({
      type: 'pg_set_table_customization',
      args: {
        table: args.required('table'),
        source: args.optional('source'),
        configuration: {
          custom_root_fields: args.optional('custom_root_fields') ?? {},
          custom_column_names: args.optional('custom_column_names') ?? {},
        },
      },
    }),
  pg_set_table_customization(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    const configuration = args.optional<TableConfiguration>('configuration') ?? {};
    if (!tableIn(sourceIn(staged.metadata, source), name))
      throw new HasuraError('not-exists', `table "${showTable(name)}" does not exist in source: ${source}`, {
        path: ['args'],
      });
    staged.stage(withTable(staged.metadata, source, name, table => ({ ...table, configuration })));
    assertConsistent(staged.model, { kind: 'table', source, table: name });
    return success;
  },
};
