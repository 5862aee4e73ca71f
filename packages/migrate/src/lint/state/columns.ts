/** Columns and constraints of CREATE TABLE and ALTER TABLE, as the state keeps them. */
import type { ColumnDef, Constraint as ConstraintNode } from 'libpg-query';
import { as, every, strings, typeOf } from '../tree.ts';
import type { Column, Constraint, Schema, Table } from './model.ts';
import { tableKey } from './model.ts';

const SERIAL: Readonly<Record<string, string>> = {
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
  smallserial: 'int2',
  serial2: 'int2',
};

export function isSerial(definition: ColumnDef): boolean {
  return (SERIAL[typeOf(definition.typeName).name] ?? '') !== '';
}

/** The constraints that stand beside a column's type. */
export function constraintsOf(definition: ColumnDef): ConstraintNode[] {
  return every(definition.constraints, 'Constraint');
}

export function hasConstraint(definition: ColumnDef, ...kinds: readonly string[]): boolean {
  return constraintsOf(definition).some(({ contype }) => kinds.includes(contype ?? ''));
}

export function columnOf(definition: ColumnDef): Column {
  const type = typeOf(definition.typeName);
  const serial = SERIAL[type.name];
  return {
    type: serial === undefined ? type : { ...type, name: serial },
    notNull:
      serial !== undefined ||
      hasConstraint(definition, 'CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'),
    hasDefault:
      serial !== undefined ||
      hasConstraint(definition, 'CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'),
  };
}

const KINDS: Readonly<Record<string, Constraint['kind']>> = {
  CONSTR_CHECK: 'check',
  CONSTR_FOREIGN: 'foreign',
  CONSTR_UNIQUE: 'unique',
  CONSTR_PRIMARY: 'primary',
  CONSTR_EXCLUSION: 'exclude',
};
const SUFFIXES: Readonly<Record<Constraint['kind'], string>> = {
  check: 'check',
  foreign: 'fkey',
  unique: 'key',
  primary: 'pkey',
  exclude: 'excl',
};

/** A table's or a column's constraint with the name that PostgreSQL gives it; undefined for NOT NULL, defaults and the like. */
export function constraintOf(
  schema: Schema,
  table: string,
  node: ConstraintNode,
  column?: string,
): { readonly name: string; readonly constraint: Constraint } | undefined {
  const kind = KINDS[node.contype ?? ''];
  if (kind === undefined) return undefined;
  const named = strings(kind === 'foreign' ? node.fk_attrs : node.keys);
  const columns = named.length === 0 && column !== undefined ? [column] : named;
  const bare = table.slice(table.indexOf('.') + 1);
  const middle = kind === 'primary' ? [] : columns;
  return {
    name: node.conname ?? [bare, ...middle, SUFFIXES[kind]].join('_'),
    constraint: {
      kind,
      columns,
      valid: node.skip_validation !== true,
      madeIn: schema.file,
      ...(kind === 'foreign' && { references: tableKey(schema, node.pktable) }),
      ...(kind === 'check' && node.raw_expr && { expression: node.raw_expr }),
    },
  };
}

/** Adds a constraint with what follows from it: a primary key's columns are not null, a unique one's have an index. */
export function addConstraint(
  schema: Schema,
  key: string,
  table: Table,
  node: ConstraintNode,
  column?: string,
): void {
  const made = constraintOf(schema, key, node, column);
  if (made === undefined) return;
  table.constraints.set(made.name, made.constraint);
  const { kind, columns } = made.constraint;
  if (kind === 'primary') {
    for (const name of columns) {
      const found = table.columns.get(name);
      if (found) found.notNull = true;
    }
  }
  const owner = key.slice(0, key.indexOf('.'));
  if (kind === 'unique' || kind === 'primary') {
    const indexed = node.indexname ? schema.indexes.get(`${owner}.${node.indexname}`)?.columns : undefined;
    if (node.indexname) schema.indexes.delete(`${owner}.${node.indexname}`);
    schema.indexes.set(`${owner}.${made.name}`, {
      table: key,
      columns: indexed ?? columns,
      unique: true,
      madeIn: schema.file,
    });
  }
}

/**
 * Whether valid constraints prove that a column holds no null: `CHECK (c IS NOT NULL)`, alone or among what AND joins.
 * @see https://www.postgresql.org/docs/17/sql-altertable.html (SET NOT NULL)
 */
export function isProvenNotNull(table: Table | undefined, column: string): boolean {
  if (table === undefined) return false;
  return [...table.constraints.values()].some(
    ({ kind, valid, expression }) => kind === 'check' && valid && proves(expression, column),
  );
}

function proves(expression: Constraint['expression'], column: string): boolean {
  const both = as(expression, 'BoolExpr');
  if (both) return both.boolop === 'AND_EXPR' && (both.args ?? []).some(each => proves(each, column));
  const test = as(expression, 'NullTest');
  return test?.nulltesttype === 'IS_NOT_NULL' && strings(as(test.arg, 'ColumnRef')?.fields).at(-1) === column;
}
