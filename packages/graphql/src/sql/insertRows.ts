/** The rows of an insert: by values, or, where there are many alike, an array a column, so that the text does not grow with them. */
import { quoteIdentifier } from '@peakstone/kernel/pg';
import type { InsertColumn, InsertStep } from '../ir/mutation.ts';
import type { ParamSource, Value } from '../ir/value.ts';
import type { Scope, SqlWriter } from './writer.ts';

export function insertRowsSql(writer: SqlWriter, { columns, rows }: InsertStep, scope: Scope): string {
  if (columns.length === 0)
    return rows.length === 1 ? 'default values' : `select from generate_series(1, ${rows.length})`;
  const names = `(${columns.map(({ name }) => quoteIdentifier(name)).join(', ')})`;
  const arrays = rows.length > 1 ? asArrays(columns, rows) : null;
  if (arrays) {
    const source = writer.alias('v');
    const lists = columns.map(({ scalar }, i) => writer.param(arrays[i]!, `${scalar.sql}[]`));
    const aliases = columns.map((_column, i) => `c${i + 1}`).join(', ');
    return `${names} select ${aliases} from unnest(${lists.join(', ')}) as ${source}(${aliases})`;
  }
  const lines = rows.map(
    row => `(${row.map(value => (value === null ? 'default' : writer.value(value, scope))).join(', ')})`,
  );
  return `${names} values ${lines.join(', ')}`;
}

/** A column's values as one array each; null where a row wants a default, or a value is no parameter of a plain type. */
function asArrays(
  columns: readonly InsertColumn[],
  rows: readonly (readonly (Value | null)[])[],
): ParamSource[] | null {
  const arrays: ParamSource[] = [];
  for (const [i, { scalar }] of columns.entries()) {
    if (
      scalar.element !== null ||
      scalar.kind === 'geometry' ||
      scalar.kind === 'geography' ||
      scalar.kind === 'raster'
    )
      return null;
    const items: ParamSource[] = [];
    for (const row of rows) {
      const value = row[i];
      if (value?.kind !== 'param') return null;
      items.push(value.source);
    }
    arrays.push({ kind: 'array', items });
  }
  return arrays;
}
