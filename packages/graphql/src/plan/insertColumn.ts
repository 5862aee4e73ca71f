import type { InsertColumn } from '../ir/mutation.ts';
import type { TableModel } from '../model/types.ts';

/** A column that rows are written with. Pure. */
export function insertColumn({ columns }: TableModel, name: string): InsertColumn {
  const { scalar, column } = columns.get(name)!;
  return { name, scalar, default: column.identity ? 'identity' : column.default };
}
