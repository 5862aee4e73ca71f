/** Tracking tables and views. */

import { compact, defaultSource, sourceIn, tableIn, withSource, withTable } from '../../definition/edit.ts';
import {
  type Metadata,
  type QualifiedTable,
  qualify,
  type TableConfiguration,
  type TableMetadata,
} from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import type { TableName } from '../../ir/boolExp.ts';
import { type Model, showTable, tableKey } from '../../model/types.ts';
import { stageWithout } from '../dependents.ts';
import { withoutObject } from '../purge.ts';
import { type Args, type CommandTable, success } from './command.ts';
import { assertServed, stageConsistently } from './consistency.ts';

const sourceOf = (args: Args): string => args.optional<string>('source') ?? defaultSource;

/** The metadata with one more table. @throws {HasuraError} for one that is tracked already, or called as a function is */
export function withTracked(args: Args, metadata: Metadata, model: Model) {
  const given = (
    typeof args.value === 'string' ? args.value : (args.optional<QualifiedTable>('table') ?? args.value)
  ) as QualifiedTable;
  const name = qualify(given);
  const source = sourceOf(args);
  if (tableIn(sourceIn(metadata, source), name))
    throw new HasuraError('already-tracked', `view/table already tracked: "${showTable(name)}"`, {
      path: ['args'],
    });
  if (model.sources.get(source)?.functions.some(fn => tableKey(fn.name) === tableKey(name)))
    throw new HasuraError('not-supported', `function with name "${showTable(name)}" already exists`, {
      path: ['args'],
    });
  const table: TableMetadata = compact({
    table: name,
    is_enum: args.flag('is_enum') || undefined,
    configuration: args.optional<TableConfiguration>('configuration'),
    apollo_federation_config: args.optional<{ readonly enable: 'v1' }>('apollo_federation_config'),
  } as TableMetadata);
  return {
    metadata: withSource(metadata, source, each => ({ ...each, tables: [...each.tables, table] })),
    name,
    source,
  };
}

/** @throws {HasuraError} not-exists */
function assertTracked(metadata: Metadata, source: string, name: TableName): void {
  if (!tableIn(sourceIn(metadata, source), name))
    throw new HasuraError('not-exists', `table "${showTable(name)}" does not exist in source: ${source}`, {
      path: ['args'],
    });
}

export const tableCommands: CommandTable = {
  async pg_track_table(args, { staged }) {
    const { metadata, name, source } = withTracked(args, staged.metadata, staged.model);
    const before = staged.model;
    staged.stage(metadata);
    // It may have been made since the database was last asked.
    if (!staged.model.sources.get(source)?.tables.has(tableKey(name))) await staged.refresh(source);
    assertServed(before, staged.model, { kind: 'table', source, table: name });
    return success;
  },
  pg_untrack_table(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    if (!tableIn(sourceIn(staged.metadata, source), name))
      throw new HasuraError('already-untracked', `view/table already untracked: "${showTable(name)}"`, {
        path: ['args'],
      });
    const object = { kind: 'table', source, table: name } as const;
    stageWithout(staged, withoutObject(staged.metadata, object), { cascade: args.flag('cascade') });
    return success;
  },
  async pg_set_table_is_enum(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    const isEnum = args.flag('is_enum');
    assertTracked(staged.metadata, source, name);
    const before = staged.model;
    staged.stage(
      withTable(staged.metadata, source, name, table =>
        compact({ ...table, is_enum: isEnum || undefined } as TableMetadata),
      ),
    );
    await staged.refresh(source);
    assertServed(before, staged.model, { kind: 'table', source, table: name });
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
  pg_set_apollo_federation_config(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    assertTracked(staged.metadata, source, name);
    const config = args.optional<{ readonly enable: 'v1' }>('apollo_federation_config');
    const metadata = withTable(staged.metadata, source, name, table =>
      compact({ ...table, apollo_federation_config: config } as TableMetadata),
    );
    stageConsistently(staged, metadata, { kind: 'table', source, table: name });
    return success;
  },
  pg_set_table_customization(args, { staged }) {
    const source = sourceOf(args);
    const name = qualify(args.required<QualifiedTable>('table'));
    const configuration = args.optional<TableConfiguration>('configuration') ?? {};
    assertTracked(staged.metadata, source, name);
    const metadata = withTable(staged.metadata, source, name, table => ({ ...table, configuration }));
    stageConsistently(staged, metadata, { kind: 'table', source, table: name });
    return success;
  },
};
