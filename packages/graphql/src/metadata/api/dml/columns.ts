/** `columns` and `order_by` of the v1 API. */

import type { Scalar } from '../../../catalog/scalars.ts';
import { scalarOf } from '../../../catalog/scalars.ts';
import { HasuraError, type Path } from '../../../errors.ts';
import { allOf, never } from '../../../ir/boolExp.ts';
import type { Form, OrderItem, Rows, SelectField, SelectPlan } from '../../../ir/select.ts';
import type { Value } from '../../../ir/value.ts';
import { showTable, tableKey } from '../../../model/types.ts';
import { kindOf } from '../command.ts';
import { assertReadable, type DmlTarget, denied, readWhere } from './context.ts';

export interface SelectJson {
  readonly columns?: readonly ColumnJson[];
  readonly where?: unknown;
  readonly order_by?: unknown;
  readonly limit?: number;
  readonly offset?: number | string;
}

type ColumnJson = string | (SelectJson & { readonly name: string; readonly alias?: string });

const stringified: ReadonlySet<string> = new Set(['bigint', 'numeric', 'float8']);
const bigint = scalarOf('bigint');

export function planSelect(
  json: SelectJson,
  target: DmlTarget,
  stringifies: boolean,
  path: Path,
): SelectPlan {
  const { table } = target;
  const select = target.permissions(table).select;
  if (!select) throw denied('select', target);
  const where = json.where === undefined ? [] : [readWhere(json.where, target, [...path, 'where'])];
  assertBounds(json, path);
  const limits = [json.limit, select.limit].filter(limit => typeof limit === 'number');
  const number = (value: number | string): Value => ({
    kind: 'literal',
    text: String(value),
    scalar: bigint,
  });
  const rows: Rows = {
    from: { kind: 'table', table: table.name },
    where: allOf([select.filter, ...where]),
    orderBy: planOrder(json.order_by, target, [...path, 'order_by']),
    distinctOn: [],
    limit: limits.length > 0 ? number(Math.min(...limits)) : null,
    offset: json.offset === undefined ? null : number(json.offset),
  };
  return { rows, fields: planColumns(json.columns ?? [], target, stringifies, [...path, 'columns']) };
}

/** @throws {HasuraError} for bounds that are none */
function assertBounds({ limit, offset }: SelectJson, path: Path): void {
  for (const [name, value] of Object.entries({ limit, offset })) {
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number')
      throw new HasuraError(
        'parse-failed',
        `parsing Int failed, expected Number, but encountered ${kindOf(value)}`,
        {
          path: [...path.slice(1), name],
        },
      );
    if (value < 0)
      throw new HasuraError('not-supported', 'unexpected negative value', { path: [...path, name] });
  }
}

export function planColumns(
  columns: readonly ColumnJson[],
  target: DmlTarget,
  stringifies: boolean,
  path: Path,
): readonly SelectField[] {
  return columns.flatMap((column, i) => planColumn(column, target, stringifies, [...path, i]));
}

function planColumn(json: ColumnJson, target: DmlTarget, stringifies: boolean, path: Path): SelectField[] {
  const { table, source } = target;
  const shown = target.permissions(table).select?.columns;
  if (json === '*')
    return [...(shown?.keys() ?? [])].map(name => columnField(name, name, target, stringifies));
  if (typeof json === 'string') {
    const column = table.columns.get(json);
    if (!column)
      throw new HasuraError(
        table.relationships.has(json) ? 'unexpected-payload' : 'not-exists',
        table.relationships.has(json)
          ? `"${json}" is a relationship and should be expanded`
          : `"${json}" does not exist`,
        { path },
      );
    assertReadable(json, target, path);
    return [columnField(json, json, target, stringifies)];
  }
  const relationship = table.relationships.get(json.name);
  if (!relationship) throw new HasuraError('not-exists', `"${json.name}" does not exist`, { path });
  const other = source.tables.get(tableKey(relationship.target));
  if (!other)
    throw new HasuraError('not-exists', `table "${showTable(relationship.target)}" does not exist`, { path });
  const select = planSelect(json, { ...target, table: other }, stringifies, path);
  return [
    {
      kind: relationship.kind === 'object' ? 'object' : 'list',
      alias: json.alias ?? json.name,
      join: relationship.join,
      select,
    },
  ];
}

function columnField(alias: string, name: string, target: DmlTarget, stringifies: boolean): SelectField {
  const { scalar } = target.table.columns.get(name)!;
  const shownIf = target.permissions(target.table).select?.columns.get(name);
  return {
    kind: 'column',
    alias,
    column: name,
    scalar,
    form: formOf(scalar, stringifies),
    path: null,
    ...(shownIf && { shownIf }),
  };
}

function formOf(scalar: Scalar, stringifies: boolean): Form {
  if (scalar.kind === 'geometry' || scalar.kind === 'geography') return 'geojson';
  return stringifies && stringified.has(scalar.name) ? 'text' : 'json';
}

/** `"+id"`, `["-id"]`, `{column, type, nulls}`, through relationships by dots or objects. */
function planOrder(json: unknown, target: DmlTarget, path: Path): readonly OrderItem[] {
  const items = json === undefined || json === null ? [] : Array.isArray(json) ? json : [json];
  return items.map((item: unknown, i): OrderItem => {
    if (typeof item === 'string') {
      const name = item.replace(/^[+-]/, '');
      return orderItem(name, item.startsWith('-') ? 'desc' : 'asc', null, target, [...path, i]);
    }
    const { column, type, nulls } = item as {
      readonly column: string;
      readonly type?: string;
      readonly nulls?: 'first' | 'last';
    };
    return orderItem(column, type === 'desc' ? 'desc' : 'asc', nulls ?? null, target, [...path, i]);
  });
}

function orderItem(
  name: string,
  direction: 'asc' | 'desc',
  nulls: 'first' | 'last' | null,
  target: DmlTarget,
  path: Path,
): OrderItem {
  const [first = '', ...others] = name.split('.');
  if (others.length === 0) {
    if (!target.table.columns.has(first))
      throw new HasuraError('not-exists', `"${first}" does not exist`, { path });
    assertReadable(first, target, path);
    const shownIf = target.permissions(target.table).select?.columns.get(first);
    return { operand: { kind: 'column', column: first, ...(shownIf && { shownIf }) }, direction, nulls };
  }
  const relationship = target.table.relationships.get(first);
  const other = relationship && target.source.tables.get(tableKey(relationship.target));
  if (!relationship || !other) throw new HasuraError('not-exists', `"${first}" does not exist`, { path });
  const inner = orderItem(others.join('.'), direction, nulls, { ...target, table: other }, path);
  const where = target.permissions(other).select?.filter ?? never;
  return {
    ...inner,
    operand: { kind: 'through', table: other.name, join: relationship.join, where, operand: inner.operand },
  };
}
