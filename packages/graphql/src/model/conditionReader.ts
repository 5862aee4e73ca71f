/** Conditions of clients, in the v1 API's queries: on what their role may see alone. */
import { HasuraError, type Path } from '../errors.ts';
import { allOf, type BoolExp } from '../ir/boolExp.ts';
import { type SelectPermissions, showTable, type TableModel } from './types.ts';

/** Who writes the condition, where that is no administrator's part of the metadata but a client's: he asks of what he may see. */
export interface Reader {
  readonly role: string;
  select(table: TableModel): SelectPermissions | null;
}

interface ReaderScope {
  readonly reader: Reader | null;
  readonly table: TableModel;
}

/** @throws {HasuraError} for what a client may not see */
export function assertReadable(
  name: string,
  of: 'columns' | 'computedFields',
  { reader, table }: ReaderScope,
  path: Path,
): void {
  if (!reader || reader.select(table)?.[of].has(name)) return;
  const what = of === 'columns' ? 'column' : 'computed field';
  throw new HasuraError(
    'permission-denied',
    `role "${reader.role}" does not have permission to select ${what} "${name}"`,
    { path },
  );
}

/** Of another table's rows, a client asks only those that he may see. */
export function visible(
  read: () => BoolExp,
  table: TableModel,
  { reader }: Pick<ReaderScope, 'reader'>,
  path: Path,
  relationship?: string,
): BoolExp {
  if (!reader) return read();
  const permissions = reader.select(table);
  if (!permissions)
    throw new HasuraError(
      'permission-denied',
      relationship === undefined
        ? `select on "${showTable(table.name)}" for role "${reader.role}" is not allowed. `
        : `role "${reader.role}" does not have permission to read relationship "${relationship}"; no permission on table "${showTable(table.name)}"`,
      { path },
    );
  return allOf([read(), permissions.filter]);
}
