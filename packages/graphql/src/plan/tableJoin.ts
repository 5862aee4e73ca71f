/** Rows of a table that are joined to objects from elsewhere, by a list of their keys. Pure. */

import { quoteIdentifier } from '@peakstone/kernel/pg';
import { schemaOf } from '../catalog/operators.ts';
import { scalarOf } from '../catalog/scalars.ts';
import { always, type Join } from '../ir/boolExp.ts';
import type { SelectField } from '../ir/select.ts';
import type { Value } from '../ir/value.ts';
import type { TableJoin } from '../joins/types.ts';
import { keysVariable } from '../joins/types.ts';
import type { TableModel } from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import { readStatement } from '../sql/statement.ts';
import { planAggregate } from './aggregate.ts';
import type { PlanContext } from './context.ts';
import { one, plainRows, planFields, planList, planRows } from './select.ts';
import { filterOf } from './where.ts';

export interface TableJoinOptions {
  readonly kind: 'object' | 'array' | 'aggregate';
  /** Hidden members, and the table's columns. */
  readonly keys: TableJoin['keys'];
  readonly below: TableJoin['below'];
}

const place = 'at';

export function planTableJoin(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  { kind, keys, below }: TableJoinOptions,
): TableJoin {
  const columns = keys.map(([, column]) => table.columns.get(column)!);
  const list: Value = {
    kind: 'param',
    scalar: scalarOf('json'),
    source: { kind: 'variable', path: [keysVariable], read: value => String(value) },
  };
  const types = columns.map(({ name, scalar }) => `${quoteIdentifier(name)} ${scalar.sql}`);
  const given = {
    kind: 'sql',
    parts: [
      'select * from pg_catalog.json_to_recordset(',
      list,
      `) as k(${[`"${place}" int4`, ...types].join(', ')})`,
    ],
    columns: [place, ...columns.map(({ name }) => name)],
  } as const;
  const fields: SelectField[] = [
    { kind: 'column', alias: place, column: place, scalar: scalarOf('integer'), form: 'json', path: null },
    joined(
      context,
      field,
      table,
      kind,
      columns.map(({ name, scalar }) => [name, name, schemaOf(scalar)] as const),
    ),
  ];
  return {
    kind: 'table',
    source: table.source,
    keys,
    statement: readStatement(
      [{ kind: 'list', select: { rows: plainRows(given, always), fields } }],
      context.maxAnswerBytes,
    ),
    empty: kind === 'array' ? [] : null,
    below,
  };
}

function joined(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  kind: TableJoinOptions['kind'],
  join: Join,
): SelectField {
  const from = { kind: 'table', table: table.name } as const;
  switch (kind) {
    case 'object': {
      const rows = { ...plainRows(from, filterOf(context, table)), limit: one };
      return {
        kind: 'object',
        alias: 'value',
        join,
        select: { rows, fields: planFields(context, field.selection, table) },
      };
    }
    case 'array':
      return { kind: 'list', alias: 'value', join, select: planList(context, field, table, from) };
    case 'aggregate':
      return {
        kind: 'aggregate',
        alias: 'value',
        join,
        aggregate: planAggregate(context, field, table, from, planRows, planFields),
      };
  }
}
