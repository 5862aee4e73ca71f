/** Tracking tables, or no longer, many at once: what cannot be is a warning in the answer. */
import { defaultSource } from '../../definition/edit.ts';
import { type QualifiedTable, qualify } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { type MetadataObject, showTable } from '../../model/types.ts';
import { dependencyError, dependentsOf, dropAll } from '../dependents.ts';
import { withoutObject } from '../purge.ts';
import type { Staged } from '../state.ts';
import { Args, type CommandContext, type CommandTable, success } from './command.ts';
import { assertServed, newInconsistencies } from './consistency.ts';
import { withTracked } from './tables.ts';

interface TableJson {
  readonly source?: string;
  readonly table: QualifiedTable;
}

interface Warning {
  readonly code: 'track-table-failed' | 'untrack-table-failed';
  readonly message: string;
  readonly name: string;
  readonly type: 'table';
}

export const manyTablesCommands: CommandTable = {
  async pg_track_tables(args, context) {
    const tables = args.required<readonly TableJson[]>('tables');
    if (await trackAll(tables, context)) return success;
    const warnings: Warning[] = [];
    for (const table of tables) {
      const undo = context.staged.mark();
      try {
        await context.run({ type: 'pg_track_table', args: table });
      } catch (error) {
        if (!(error instanceof HasuraError)) throw error;
        undo();
        warnings.push(warning('track-table-failed', table, error.message));
      }
    }
    return answer(args, tables, warnings, 'track');
  },
  pg_untrack_tables(args, context) {
    const tables = args.required<readonly TableJson[]>('tables');
    const warnings = untrackAll(tables, args, context);
    return answer(args, tables, warnings, 'untrack');
  },
};

/** All at once, which is quick however many there are; false, with nothing changed, where one of them cannot be. */
async function trackAll(tables: readonly TableJson[], { staged }: CommandContext): Promise<boolean> {
  const undo = staged.mark();
  const before = staged.model;
  try {
    let { metadata } = staged;
    for (const table of tables) metadata = withTracked(new Args(table), metadata, before).metadata;
    const after = staged.stage(metadata);
    for (const source of new Set(tables.map(({ source = defaultSource }) => source)))
      if (newInconsistencies(before, after).length > 0) await staged.refresh(source);
    assertServed(before, staged.model, null);
    return true;
  } catch (error) {
    if (!(error instanceof HasuraError)) throw error;
    undo();
    return false;
  }
}

function objectOf({ source = defaultSource, table }: TableJson): MetadataObject {
  return { kind: 'table', source, table: qualify(table) };
}

function warning(
  code: Warning['code'],
  { source = defaultSource, table }: TableJson,
  message: string,
): Warning {
  return { code, message, name: `table ${showTable(qualify(table))} in source ${source}`, type: 'table' };
}

/** All of them together, so that those that need only one another can go. */
function untrackAll(
  tables: readonly TableJson[],
  args: Args,
  { staged }: CommandContext,
): readonly Warning[] {
  const before = staged.model;
  const warnings: Warning[] = [];
  let left = tables.filter(table => {
    const object = objectOf(table);
    const isTracked =
      object.kind === 'table' &&
      withoutObject(staged.metadata, object) !== staged.metadata &&
      isIn(staged, object);
    if (!isTracked)
      warnings.push(
        warning(
          'untrack-table-failed',
          table,
          `view/table already untracked: "${showTable(qualify(table.table))}"`,
        ),
      );
    return isTracked;
  });
  for (;;) {
    const undo = staged.mark();
    const dependents = stageWithoutAll(staged, left);
    if (dependents.length === 0) return warnings;
    if (args.flag('cascade')) {
      dropAll(staged, before, dependents);
      return warnings;
    }
    undo();
    // Whose absence alone makes a dependent: that one has to stay.
    const refused = left.filter(table => {
      const back = staged.mark();
      const all = new Set(stageWithoutAll(staged, left).map(each => JSON.stringify(each)));
      back();
      const others = new Set(
        stageWithoutAll(
          staged,
          left.filter(each => each !== table),
        ).map(each => JSON.stringify(each)),
      );
      back();
      const own = dependents.filter(
        each => all.has(JSON.stringify(each)) && !others.has(JSON.stringify(each)),
      );
      if (own.length > 0) warnings.push(warning('untrack-table-failed', table, dependencyError(own).message));
      return own.length > 0;
    });
    if (refused.length === 0) throw dependencyError(dependents);
    left = left.filter(table => !refused.includes(table));
  }
}

function isIn(staged: Staged, object: MetadataObject & { readonly kind: 'table' }): boolean {
  const source = staged.metadata.sources.find(({ name }) => name === object.source);
  return source?.tables.some(({ table }) => showTable(qualify(table)) === showTable(object.table)) ?? false;
}

function stageWithoutAll(staged: Staged, tables: readonly TableJson[]): readonly MetadataObject[] {
  const before = staged.model;
  return dependentsOf(before, staged.stage(tables.map(objectOf).reduce(withoutObject, staged.metadata)));
}

/** @throws {HasuraError} when none could be done, or warnings are not allowed */
function answer(
  args: Args,
  tables: readonly TableJson[],
  warnings: readonly Warning[],
  what: 'track' | 'untrack',
) {
  if (warnings.length === 0) return success;
  if (warnings.length === tables.length)
    throw new HasuraError('invalid-configuration', `all tables failed to ${what}`, {
      path: ['args'],
      internal: warnings,
    });
  if (args.optional<boolean>('allow_warnings') === false)
    throw new HasuraError('metadata-warnings', 'failed due to metadata warnings', {
      path: ['args'],
      internal: warnings,
    });
  return { ...success, warnings };
}
