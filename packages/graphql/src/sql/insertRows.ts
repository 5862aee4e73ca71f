/**
 * The rows of an insert: by values, or, where there are several, an array a column, so that neither the text nor the number of
 * parameters grows with them.
 */
import { quoteIdentifier } from '@peakstone/kernel/pg';
import { HasuraError } from '../errors.ts';
import type { InsertColumn, InsertStep } from '../ir/mutation.ts';
import type { ParamSource, Value } from '../ir/value.ts';
import { construct, type Scope, type SqlWriter, typeOf, unnestSql } from './writer.ts';

/** Of one statement, by PostgreSQL's protocol. */
const maxParams = 65_535;

/** @throws {HasuraError} for more values than one statement takes, where rows of many shapes need a parameter each */
export function insertRowsSql(writer: SqlWriter, { columns, rows }: InsertStep, scope: Scope): string {
  if (columns.length === 0)
    return rows.length === 1 ? 'default values' : `select from pg_catalog.generate_series(1, ${rows.length})`;
  const names = `(${columns.map(({ name }) => quoteIdentifier(name)).join(', ')})`;
  const listed = rows.length > 1 ? columns.map((column, i) => listColumn(column, rows, i)) : null;
  const lists = listed?.some(column => column?.kind === 'list') && listed.every(column => column !== null);
  if (listed && lists) return `${names} ${listedSql(writer, listed as readonly ListedColumn[], scope)}`;
  if (rows.length * columns.length > maxParams)
    throw new HasuraError(
      'not-supported',
      `rows that leave different columns to their defaults hold more than ${maxParams} values: insert them in several parts`,
    );
  const lines = rows.map(
    row => `(${row.map(value => (value === null ? 'default' : writer.value(value, scope))).join(', ')})`,
  );
  return `${names} values ${lines.join(', ')}`;
}

type ListedColumn =
  /** The same in every row. */
  | { readonly kind: 'same'; readonly value: Value }
  | {
      readonly kind: 'list';
      readonly column: InsertColumn;
      readonly items: readonly ParamSource[];
      /** Which rows have a value, where some are left to a default that is not null. */
      readonly given: readonly ParamSource[] | null;
    };

const none: ParamSource = { kind: 'constant', text: null };
const yes: ParamSource = { kind: 'constant', text: 'true' };
const no: ParamSource = { kind: 'constant', text: 'false' };

/** A column's values as one array; null where a value is no parameter, or only PostgreSQL itself knows the default. */
function listColumn(
  column: InsertColumn,
  rows: readonly (readonly (Value | null)[])[],
  at: number,
): ListedColumn | null {
  const first = rows[0]![at]!;
  if (first !== null && rows.every(row => row[at] === first)) return { kind: 'same', value: first };
  const items: ParamSource[] = [];
  let isMissing = false;
  for (const row of rows) {
    const value = row[at];
    if (value === null) isMissing = true;
    else if (value?.kind !== 'param') return null;
    items.push(value?.source ?? none);
  }
  if (!isMissing || column.default === null) return { kind: 'list', column, items, given: null };
  if (column.default === 'identity') return null;
  return { kind: 'list', column, items, given: rows.map(row => (row[at] === null ? no : yes)) };
}

function listedSql(writer: SqlWriter, columns: readonly ListedColumn[], scope: Scope): string {
  const source = writer.alias('v');
  const lists: string[] = [];
  const list = (items: readonly ParamSource[], type: string): string => {
    lists.push(writer.param({ kind: 'array', items }, `${type}[]`));
    return `c${lists.length}`;
  };
  const targets = columns.map(each => {
    if (each.kind === 'same') return writer.value(each.value, scope);
    const { scalar, default: ofDatabase } = each.column;
    // Arrays of arrays would come out as one: what has elements goes as text.
    const isText = scalar.element !== null || typeOf(scalar) !== scalar.sql;
    const name = list(each.items, isText ? 'text' : scalar.sql);
    const value = isText ? construct(scalar, `${name}::${typeOf(scalar)}`) : name;
    return each.given
      ? `case when ${list(each.given, 'boolean')} then ${value} else ${ofDatabase} end`
      : value;
  });
  const aliases = lists.map((_list, i) => `c${i + 1}`).join(', ');
  return `select ${targets.join(', ')} from ${unnestSql(lists)} as ${source}(${aliases})`;
}
