/** What the v1 API's own queries share: the table, the role's permissions, and a statement that runs as the user. */
import { runWhole } from '@peakstone/kernel/pace';
import { PgError } from '@peakstone/kernel/pg';
import { adminRole } from '../../../auth/types.ts';
import { defaultSource } from '../../../definition/edit.ts';
import { type QualifiedTable, qualify } from '../../../definition/metadata.ts';
import { poolFor } from '../../../engine/database.ts';
import { fillStatement } from '../../../engine/fill.ts';
import { fromConnectionError, fromPgError } from '../../../engine/pgErrors.ts';
import { openSession } from '../../../engine/transaction.ts';
import { HasuraError, type Path } from '../../../errors.ts';
import type { BoolExp } from '../../../ir/boolExp.ts';
import { readBoolExp } from '../../../model/boolExpJson.ts';
import { createRoleView } from '../../../model/permissions.ts';
import {
  type SourceModel,
  showTable,
  type TableModel,
  type TablePermissions,
  tableKey,
} from '../../../model/types.ts';
import type { MutationStatement } from '../../../sql/mutation.ts';
import type { Args, CommandContext } from '../command.ts';

export interface DmlTarget {
  readonly source: SourceModel;
  readonly table: TableModel;
  permissions(table: TableModel): TablePermissions;
  readonly role: string;
}

/** @throws {HasuraError} not-exists for a table that is not tracked */
export function targetOf(args: Args, { staged, session, config }: CommandContext): DmlTarget {
  const source = staged.model.sources.get(args.optional<string>('source') ?? defaultSource);
  const name = qualify(args.required<QualifiedTable>('table'));
  const table = source?.tables.get(tableKey(name));
  if (!source || !table)
    throw new HasuraError('not-exists', `table "${showTable(name)}" does not exist`, {
      path: ['args', 'table'],
    });
  const view = createRoleView(staged.model, session.role, config);
  return { source, table, permissions: each => view.permissions(each), role: session.role };
}

/** Who may not: in the reference's words. */
export function denied(action: string, { table, role }: DmlTarget, why = ''): HasuraError {
  return new HasuraError(
    'permission-denied',
    `${action} on "${showTable(table.name)}" for role "${role}" is not allowed. ${why}`,
    { path: ['args'] },
  );
}

/** The condition of a query, on what the role may see. @throws {HasuraError} */
export function readWhere(
  json: unknown,
  { table, source, role, permissions }: DmlTarget,
  path: Path,
): BoolExp {
  return readBoolExp(json, table, source, path, { role, select: each => permissions(each).select });
}

/** @throws {HasuraError} for a column that the role may not see, be it that there is none */
export function assertReadable(name: string, { table, role, permissions }: DmlTarget, path: Path): void {
  if (permissions(table).select?.columns.has(name)) return;
  throw new HasuraError(
    'permission-denied',
    role === adminRole
      ? `no such column exists: "${name}"`
      : `role "${role}" does not have permission to select column "${name}"`,
    { path },
  );
}

/** The first cell of the last statement. @throws {HasuraError} with the path `args` */
export async function runDml(
  statements: readonly Omit<MutationStatement, 'path'>[],
  { source }: DmlTarget,
  { database, session, config: { authorization } }: CommandContext,
): Promise<unknown> {
  const target = database(source.name);
  const opening = openSession(session, 'read write', { authorization, roles: target.roles });
  const asked = statements.map(statement => ({
    ...runWhole(fillStatement(statement, {}, session)),
    prepare: false,
  }));
  try {
    const all = [...opening.statements, ...asked];
    const results = await poolFor(session.role, target).exchange({ ...opening, statements: all });
    return JSON.parse(results[all.length - 1]?.rows[0]?.[0]?.toString() ?? 'null');
  } catch (error) {
    if (!(error instanceof PgError)) throw fromConnectionError(error, ['args']) ?? error;
    for (const { checks } of statements)
      for (const [marker, refusal] of checks) if (error.message.includes(marker)) throw refusal;
    const failed = { text: asked.at(-1)?.text ?? '', values: asked.at(-1)?.values ?? [], path: ['args'] };
    throw fromPgError(error, failed, 'mutation');
  }
}
