/** Reads as SQL: each list, object and aggregate is one expression that gives JSON. */
import { arrayLiteral, quoteLiteral } from '@peakstone/kernel/pg';
import { functionIn, schemaOf } from '../catalog/operators.ts';
import type { Scalar } from '../catalog/scalars.ts';
import type {
  AggregatePlan,
  ConnectionPlan,
  Form,
  From,
  Rows,
  SelectField,
  SelectPlan,
  StreamRoot,
} from '../ir/select.ts';
import { aggregateSelectSql } from './aggregate.ts';
import { callSql } from './call.ts';
import { joinSql, shown, whereSql } from './condition.ts';
import { base64, connectionSql } from './connection.ts';
import { columnsSql, fitsRow, type Member, objectSql } from './json.ts';
import { limitSql, orderSql } from './order.ts';
import { carrierSql, type Outer, type Scope, type SqlWriter, tableSql } from './writer.ts';

/** `(select coalesce(json_agg(…), …, '[]') from (…))` */
export function listSql(writer: SqlWriter, select: SelectPlan, outer: Outer | null): string {
  const { row, rows } = rowsSql(writer, select, outer);
  return writer.list(row, rows);
}

/** `(select row_to_json(…) from (…))`: null where there is no row. */
export function singleSql(writer: SqlWriter, select: SelectPlan, outer: Outer | null): string {
  const { row, rows } = rowsSql(writer, select, outer);
  return `(select ${row} from ${rows})`;
}

/** Rows, and each of them as JSON. */
function rowsSql(
  writer: SqlWriter,
  select: SelectPlan,
  outer: Outer | null,
): { readonly row: string; readonly rows: string } {
  const alias = writer.alias('t');
  const scope: Scope = { current: alias, root: alias };
  const members = membersSql(writer, select.fields, scope);
  const result = writer.alias('r');
  const isRow = fitsRow(members);
  const targets = isRow ? columnsSql(members) : `${objectSql(members)} as "object"`;
  const source = sourceSql(writer, select.rows, scope, outer, targets);
  return {
    row: isRow ? `pg_catalog.row_to_json(${result})` : `${result}."object"`,
    rows: `(${source}) ${result}`,
  };
}

/**
 * `(select … as c1, … as c2 from (…))`: the rows, and where the stream stands behind them. Without rows it stays where it
 * was, as a value: what a client wrote as `now()` is that moment for good.
 */
export function streamSql(writer: SqlWriter, { select, cursor }: StreamRoot): string {
  const alias = writer.alias('t');
  const scope: Scope = { current: alias, root: alias };
  const result = writer.alias('r');
  const row = rowObjectSql(writer, select.fields, scope);
  const place = orderSql.operand(writer, cursor.operand, scope);
  const source = sourceSql(
    writer,
    select.rows,
    scope,
    null,
    `${row} as "object", (${place})::text as "place"`,
  );
  const before = `(${writer.value(cursor.value, scope)})::text`;
  const last = `(pg_catalog.array_agg(${result}."place"))[pg_catalog.count(*)::int4]`;
  const object = `${result}."object"`;
  return `(select coalesce(pg_catalog.json_agg(${object}), ${writer.bound.sum(object)}, '[]') as c1, coalesce(${last}, ${before}) as c2 from (select * from (${source}) ${writer.alias('s')} offset 0) ${result})`;
}

/** `select … from … where … order by … limit …` */
export function sourceSql(
  writer: SqlWriter,
  rows: Rows,
  scope: Scope,
  outer: Outer | null,
  targets: string,
  condition = '',
): string {
  const { current } = scope;
  const distinct =
    rows.distinctOn.length === 0
      ? ''
      : `distinct on (${rows.distinctOn.map(operand => orderSql.operand(writer, operand, scope)).join(', ')}) `;
  const join =
    outer && outer.join.length > 0 ? joinSql(writer, outer.join, outer.scope.current, current) : '';
  const where = whereSql(writer, [join, rows.where, condition], scope);
  const order = orderSql.clause(writer, rows, scope);
  const limit = limitSql(writer, rows, scope);
  const select = (list: string): string =>
    `select ${distinct}${list} from ${fromSql(writer, rows.from, current, outer)}${where}${order}${limit}`;
  // `distinct on` must be followed by something.
  return targets === '' && distinct !== ''
    ? `select from (${select('1')}) ${writer.alias('t')}`
    : select(targets);
}

export function fromSql(writer: SqlWriter, from: From, alias: string, outer: Outer | null): string {
  switch (from.kind) {
    case 'table':
      return `${tableSql(from.table)} ${alias}`;
    case 'call':
      return `${callSql(writer, from.call, outer?.scope ?? { current: alias, root: alias })} ${alias}`;
    case 'sql': {
      const text = from.parts
        .map(part => (typeof part === 'string' ? part : writer.value(part, { current: alias, root: alias })))
        .join('');
      // The text may end in a comment.
      return `(${text}\n) ${alias}`;
    }
    case 'written':
      writer.note(alias, 'written');
      return `pg_catalog.jsonb_populate_recordset(null::${tableSql(from.table)}, ${carrierSql(from.carrier)}::jsonb) ${alias}`;
    case 'cte':
      return `${from.name} ${alias}`;
  }
}

export function membersSql(writer: SqlWriter, fields: readonly SelectField[], scope: Scope): Member[] {
  return fields.map(field => ({ alias: field.alias, sql: fieldSql(writer, field, scope) }));
}

function fieldSql(writer: SqlWriter, field: SelectField, scope: Scope): string {
  switch (field.kind) {
    case 'typename':
      return `${quoteLiteral(field.text)}::text`;
    case 'column': {
      const value = formed(
        pathed(writer.column(scope.current, field.column), field.path),
        field.form,
        field.scalar,
      );
      return shown(writer, field.shownIf, value, scope);
    }
    case 'call': {
      const value = formed(pathed(callSql(writer, field.call, scope), field.path), field.form, field.scalar);
      return shown(writer, field.shownIf, value, scope);
    }
    case 'object':
      return shown(
        writer,
        field.shownIf,
        singleSql(writer, field.select, { scope, join: field.join }),
        scope,
      );
    case 'list':
      return shown(writer, field.shownIf, listSql(writer, field.select, { scope, join: field.join }), scope);
    case 'aggregate':
      return shown(
        writer,
        field.shownIf,
        aggregateSelect(writer, field.aggregate, { scope, join: field.join }),
        scope,
      );
    case 'connection':
      return connectionSelect(writer, field.connection, { scope, join: field.join });
    case 'joined':
      return 'null::json';
    case 'nodeId': {
      const parts = field.columns.map(name => writer.column(scope.current, name)).join(', ');
      const id = `pg_catalog.json_build_array(1, ${quoteLiteral(field.table.schema)}::text, ${quoteLiteral(field.table.name)}::text, ${parts})`;
      return base64(id);
    }
  }
}

/** An object of the row at hand. */
export function rowObjectSql(writer: SqlWriter, fields: readonly SelectField[], scope: Scope): string {
  const members = membersSql(writer, fields, scope);
  if (!fitsRow(members)) return objectSql(members);
  const row = writer.alias('n');
  return `(select pg_catalog.row_to_json(${row}) from (select ${columnsSql(members)}) ${row})`;
}

export function aggregateSelect(writer: SqlWriter, plan: AggregatePlan, outer: Outer | null): string {
  return aggregateSelectSql(writer, plan, outer, { sourceSql, rowObjectSql });
}

export function connectionSelect(writer: SqlWriter, plan: ConnectionPlan, outer: Outer | null): string {
  return connectionSql(writer, plan, outer, { sourceSql, rowObjectSql });
}

function pathed(text: string, path: readonly string[] | null): string {
  return path === null
    ? text
    : `(${text} operator(pg_catalog.#>) ${quoteLiteral(arrayLiteral(path))}::text[])`;
}

function formed(text: string, form: Form, scalar: Scalar): string {
  switch (form) {
    case 'json':
      return text;
    case 'text':
      return `(${text})::text`;
    case 'textArray':
      return `(${text})::text[]`;
    case 'upperCase':
      return `pg_catalog.upper((${text})::text)`;
    case 'geojson':
      return `${functionIn(schemaOf(scalar), 'ST_AsGeoJSON')}(${text}, 15, 4)::json`;
  }
}
