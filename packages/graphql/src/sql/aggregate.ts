/** `t_aggregate` as SQL: rows first, in a subquery with what is needed of each, then the aggregates over them. */
import { quoteLiteral } from '@peakstone/kernel/pg';
import { aggregateOf } from '../catalog/operators.ts';
import type {
  Aggregated,
  AggregateField,
  AggregateMember,
  AggregatePlan,
  Rows,
  SelectField,
} from '../ir/select.ts';
import { callSql } from './call.ts';
import { shown } from './condition.ts';
import { type Member, objectSql } from './json.ts';
import type { Outer, Scope, SqlWriter } from './writer.ts';

export interface SelectWriters {
  readonly sourceSql: (
    writer: SqlWriter,
    rows: Rows,
    scope: Scope,
    outer: Outer | null,
    targets: string,
  ) => string;
  readonly rowObjectSql: (writer: SqlWriter, fields: readonly SelectField[], scope: Scope) => string;
}

export function aggregateSelectSql(
  writer: SqlWriter,
  plan: AggregatePlan,
  outer: Outer | null,
  writers: SelectWriters,
): string {
  // Nodes that the role sees only some of are read by themselves: the others need not be made to be counted.
  if (plan.nodesLimit === null) return `(${overRows(writer, plan, plan.fields, plan.rows, outer, writers)})`;
  const { nodesLimit, rows } = plan;
  const cap = { kind: 'literal', text: String(nodesLimit), scalar: bigint } as const;
  const members = plan.fields.map(field => {
    const own: Rows =
      field.kind === 'nodes'
        ? { ...rows, limit: rows.limit ? { kind: 'least', values: [rows.limit, cap] } : cap }
        : rows;
    return { alias: field.alias, sql: `(${overRows(writer, plan, [field], own, outer, writers, true)})` };
  });
  return objectSql(members);
}

const bigint = { name: 'bigint', graphql: 'bigint', sql: 'bigint', kind: 'bigint', element: null } as const;

function overRows(
  writer: SqlWriter,
  plan: AggregatePlan,
  fields: readonly AggregateField[],
  rows: Rows,
  outer: Outer | null,
  writers: SelectWriters,
  isBare = false,
): string {
  void plan;
  const alias = writer.alias('t');
  const scope: Scope = { current: alias, root: alias };
  const result = writer.alias('a');
  const targets: string[] = [];
  const target = (sql: string): string => {
    const name = `c${targets.length + 1}`;
    targets.push(`${sql} as ${name}`);
    return `${result}.${name}`;
  };
  const operand = (aggregated: Aggregated): string => {
    const { operand: of } = aggregated;
    return target(
      shown(
        writer,
        of.shownIf,
        of.kind === 'column' ? writer.column(alias, of.column) : callSql(writer, of.call, scope),
        scope,
      ),
    );
  };
  const fieldSql = (field: AggregateField): string => {
    switch (field.kind) {
      case 'typename':
        return `${quoteLiteral(field.text)}::text`;
      case 'nodes': {
        const node = target(writers.rowObjectSql(writer, field.fields, scope));
        return `coalesce(pg_catalog.json_agg(${node}), ${writer.bound.sum(node)}, '[]')`;
      }
      case 'aggregate':
        return objectSql(
          field.members.map(member => ({ alias: member.alias, sql: memberSql(member, operand) })),
        );
    }
  };
  const members = fields.map((field): Member => ({ alias: field.alias, sql: fieldSql(field) }));
  // What aggregates nothing is still one row.
  if (!fields.some(aggregates)) return `select ${isBare ? members[0]!.sql : objectSql(members)}`;
  const source = writers.sourceSql(writer, rows, scope, outer, targets.length > 0 ? targets.join(', ') : '1');
  // Nodes are made once, for their size and for the list.
  const made = fields.some(({ kind }) => kind === 'nodes')
    ? `select * from (${source}) ${writer.alias('s')} offset 0`
    : source;
  return `select ${isBare ? members[0]!.sql : objectSql(members)} from (${made}) ${result}`;
}

/** Whether it asks anything of the rows. */
function aggregates(field: AggregateField): boolean {
  if (field.kind !== 'aggregate') return field.kind === 'nodes';
  return field.members.some(
    member =>
      member.kind === 'count' ||
      (member.kind === 'operator' && member.members.some(({ kind }) => kind !== 'typename')),
  );
}

function memberSql(member: AggregateMember, operand: (aggregated: Aggregated) => string): string {
  switch (member.kind) {
    case 'typename':
      return `${quoteLiteral(member.text)}::text`;
    case 'count': {
      if (member.columns.length === 0) return 'pg_catalog.count(*)';
      const columns = member.columns.map(operand);
      const list = columns.length === 1 ? columns[0] : `(${columns.join(', ')})`;
      return `pg_catalog.count(${member.isDistinct ? 'distinct ' : ''}${list})`;
    }
    case 'operator':
      return objectSql(
        member.members.map(each => {
          if (each.kind === 'typename') return { alias: each.alias, sql: `${quoteLiteral(each.text)}::text` };
          const aggregated = `${aggregateOf(each.scalar, member.fn)}(${operand(each)})`;
          return { alias: each.alias, sql: each.asText ? `(${aggregated})::text` : aggregated };
        }),
      );
  }
}
