/**
 * Connections as SQL. Rows are read in their order up to one more than asked for, by which it is known whether there are
 * more; those on the other side of the cursor are only looked for where a client asks whether there are any.
 */
import { type AnswerBound, quoteLiteral } from '@peakstone/kernel/pg';
import { operatorIn, schemaOf } from '../catalog/operators.ts';
import type {
  ConnectionField,
  ConnectionPlan,
  CursorTerm,
  EdgeField,
  OrderItem,
  PageInfoMember,
  Rows,
  SelectField,
} from '../ir/select.ts';
import { objectSql } from './json.ts';
import { orderSql } from './order.ts';
import type { Outer, Scope, SqlWriter } from './writer.ts';

export interface ConnectionWriters {
  readonly sourceSql: (
    writer: SqlWriter,
    rows: Rows,
    scope: Scope,
    outer: Outer | null,
    targets: string,
    condition?: string,
  ) => string;
  readonly rowObjectSql: (writer: SqlWriter, fields: readonly SelectField[], scope: Scope) => string;
}

export function connectionSql(
  writer: SqlWriter,
  plan: ConnectionPlan,
  outer: Outer | null,
  writers: ConnectionWriters,
): string {
  const alias = writer.alias('t');
  const scope: Scope = { current: alias, root: alias };
  const result = writer.alias('c');
  const inner = writer.alias('r');
  const targets = [`${base64(cursorSql(writer, plan.cursor, scope))} as "cursor"`];
  const edges = new Map<EdgeField, string>();
  for (const field of plan.fields) {
    if (field.kind !== 'edges') continue;
    for (const edge of field.fields) {
      if (edge.kind !== 'node') continue;
      const name = `n${edges.size + 1}`;
      edges.set(edge, `${result}.${name}`);
      targets.push(`${writers.rowObjectSql(writer, edge.fields, scope)} as ${name}`);
    }
  }
  const { rows, isBackward } = plan;
  const condition = plan.split ? splitSql(writer, plan, scope) : '';
  const count = rows.limit === null ? null : `(${writer.value(rows.limit, scope)})`;
  const source = writers.sourceSql(
    writer,
    { ...rows, orderBy: isBackward ? rows.orderBy.map(reversed) : rows.orderBy, limit: null },
    scope,
    outer,
    targets.join(', '),
    condition,
  );
  const limit = count === null ? '' : ` limit ${count} operator(pg_catalog.+) 1`;
  const shown = count === null ? '' : ` filter (where ${result}.n operator(pg_catalog.<=) ${count})`;
  const context: Written = {
    result,
    shown,
    hasMore: count === null ? 'false' : `pg_catalog.count(*) operator(pg_catalog.>) ${count}`,
    hasOthers: () => othersSql(writer, plan, outer, writers),
    isBackward,
    splitKind: plan.split?.kind ?? null,
    edges,
    bound: writer.bound,
  };
  const object = objectSql(plan.fields.map(field => ({ alias: field.alias, sql: fieldSql(field, context) })));
  return `(select ${object} from (select ${inner}.*, pg_catalog.row_number() over () as n from (${source}${limit}) ${inner}) ${result})`;
}

interface Written {
  readonly bound: AnswerBound;
  readonly result: string;
  readonly shown: string;
  readonly hasMore: string;
  readonly hasOthers: () => string;
  readonly isBackward: boolean;
  readonly splitKind: 'after' | 'before' | null;
  readonly edges: ReadonlyMap<EdgeField, string>;
}

function fieldSql(field: ConnectionField, context: Written): string {
  switch (field.kind) {
    case 'typename':
      return `${quoteLiteral(field.text)}::text`;
    case 'pageInfo':
      return objectSql(
        field.members.map(member => ({ alias: member.alias, sql: pageInfoSql(member, context) })),
      );
    case 'edges': {
      const { result, shown, isBackward, edges, bound } = context;
      const edge = objectSql(
        field.fields.map(each => ({
          alias: each.alias,
          sql:
            each.kind === 'typename'
              ? `${quoteLiteral(each.text)}::text`
              : each.kind === 'cursor'
                ? `${result}."cursor"`
                : edges.get(each)!,
        })),
      );
      const [node = `${result}."cursor"`] = edges.values();
      return `coalesce(pg_catalog.json_agg(${edge} order by ${result}.n${isBackward ? ' desc' : ''})${shown}, ${bound.sum(node, shown)}, '[]')`;
    }
  }
}

function pageInfoSql(member: PageInfoMember, context: Written): string {
  const { result, shown, hasMore, hasOthers, isBackward, splitKind } = context;
  const atEnd = (isEnd: boolean): string =>
    `coalesce((pg_catalog.array_agg(${result}."cursor" order by ${result}.n${isEnd === isBackward ? '' : ' desc'})${shown})[1], '')`;
  switch (member.kind) {
    case 'typename':
      return `${quoteLiteral(member.text)}::text`;
    case 'startCursor':
      return atEnd(false);
    case 'endCursor':
      return atEnd(true);
    case 'hasNextPage':
      return `(${isBackward ? 'false' : hasMore}${splitKind === 'before' ? ` or ${hasOthers()}` : ''})`;
    case 'hasPreviousPage':
      return `(${isBackward ? hasMore : 'false'}${splitKind === 'after' ? ` or ${hasOthers()}` : ''})`;
  }
}

/** Whether there are rows on the other side of the cursor. */
function othersSql(
  writer: SqlWriter,
  plan: ConnectionPlan,
  outer: Outer | null,
  { sourceSql }: ConnectionWriters,
): string {
  const alias = writer.alias('t');
  const scope: Scope = { current: alias, root: alias };
  const rows: Rows = { ...plan.rows, orderBy: [], distinctOn: [], limit: null };
  return `exists (${sourceSql(writer, rows, scope, outer, '1', `not ${splitSql(writer, plan, scope)}`)})`;
}

/** `(a > x or (a = x and (b > y or …)))`, where null stands where the order has it. */
function splitSql(writer: SqlWriter, { cursor, split }: ConnectionPlan, scope: Scope): string {
  if (!split) return 'true';
  const terms = cursor.map(({ item }, i) => {
    const operand = orderSql.operand(writer, item.operand, scope);
    const value = writer.value(split.values[i]!, scope);
    const isUp = (item.direction === 'asc') === (split.kind === 'after');
    const isNullLast = (item.nulls ?? (item.direction === 'asc' ? 'last' : 'first')) === 'last';
    // Behind the cursor lies null where nulls come last; from a cursor at null nothing else does.
    const given = split.values[i]!;
    const schema = 'scalar' in given ? schemaOf(given.scalar) : null;
    const beyond = `${operand} ${operatorIn(schema, isUp ? '>' : '<')} ${value}`;
    const isNullBeyond = isNullLast === (split.kind === 'after');
    return {
      beyond: isNullBeyond
        ? `(${beyond} or (${operand} is null and ${value} is not null))`
        : `(${beyond} or (${operand} is not null and ${value} is null))`,
      same: `coalesce(${operand} ${operatorIn(schema, '=')} ${value}, ${operand} is null and ${value} is null)`,
    };
  });
  return terms.reduceRight(
    (rest, { beyond, same }) =>
      rest === '' ? `coalesce(${beyond}, false)` : `(coalesce(${beyond}, false) or (${same} and ${rest}))`,
    '',
  );
}

function reversed({ operand, direction, nulls, ...rest }: OrderItem): OrderItem {
  const known = nulls ?? (direction === 'asc' ? 'last' : 'first');
  return {
    ...rest,
    operand,
    direction: direction === 'asc' ? 'desc' : 'asc',
    nulls: known === 'last' ? 'first' : 'last',
  };
}

/** `{"author" : {"name" : …}, "id" : …}` */
function cursorSql(writer: SqlWriter, terms: readonly CursorTerm[], scope: Scope): string {
  return objectOf(
    terms.map(({ path, item }) => ({ path, sql: orderSql.operand(writer, item.operand, scope) })),
  );
}

interface Leaf {
  readonly path: readonly string[];
  readonly sql: string;
}

function objectOf(leaves: readonly Leaf[]): string {
  const members = new Map<string, Leaf[]>();
  for (const leaf of leaves) {
    const known = members.get(leaf.path[0]!);
    if (known) known.push(leaf);
    else members.set(leaf.path[0]!, [leaf]);
  }
  return objectSql(
    [...members].map(([alias, of]) => ({
      alias,
      sql:
        of[0]!.path.length === 1
          ? of[0]!.sql
          : objectOf(of.map(({ path, sql }) => ({ path: path.slice(1), sql }))),
    })),
  );
}

/** In one line, as URLs want it. */
export function base64(text: string): string {
  return `pg_catalog.replace(pg_catalog.encode(pg_catalog.convert_to((${text})::text, 'UTF8'), 'base64'), E'\\n', '')`;
}
