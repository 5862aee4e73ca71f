/** Edits as statements: each says what the row was, so that nobody's change is written over. Pure. */
import { quoteIdentifier as id, quoteLiteral as literal, type Sql } from '@peakstone/kernel/pg';
import type { CatalogRelation } from './catalog.ts';
import { cellOf, columnOf, keyExpressions, nameOf, Values } from './page.ts';

/** Text as PostgreSQL writes it, NULL, or the column's default: three things that are never taken for one another. */
export type CellValue = string | null | { readonly default: true };
export type Cells = Readonly<Record<string, CellValue>>;

export type Change =
  | { readonly kind: 'insert'; readonly set: Cells }
  | {
      readonly kind: 'update';
      readonly key: readonly string[];
      readonly old: Readonly<Record<string, string | null>>;
      readonly set: Cells;
    }
  | {
      readonly kind: 'delete';
      readonly key: readonly string[];
      readonly old: Readonly<Record<string, string | null>>;
    };

/** The row as it is, kept from others until the end; then the change. Both answer the whole row as text. */
export interface ChangeSql {
  readonly before: Sql | null;
  readonly change: Sql;
}

export function planChange(relation: CatalogRelation, change: Change): ChangeSql {
  const row = relation.columns.map(({ name }) => `${cellOf(name)}::text`).join(', ');
  const name = nameOf(relation);
  const before = (): Sql => {
    if (change.kind === 'insert') throw new TypeError('a row that is inserted was nothing before');
    const values = new Values();
    return {
      text: `select ${row} from ${name} where ${keySql(relation, change.key, values)} for update`,
      values: values.list,
    };
  };
  const values = new Values();
  switch (change.kind) {
    case 'insert': {
      const columns = Object.keys(change.set);
      const into =
        columns.length === 0
          ? ' default values'
          : ` (${columns.map(id).join(', ')}) values (${columns.map(each => valueSql(relation, each, change.set[each]!, values)).join(', ')})`;
      return {
        before: null,
        change: { text: `insert into ${name}${into} returning ${row}`, values: values.list },
      };
    }
    case 'update': {
      const set = Object.entries(change.set).map(
        ([column, value]) => `${id(column)} = ${valueSql(relation, column, value, values)}`,
      );
      const where = [keySql(relation, change.key, values), ...oldSql(relation, change.old, values)];
      return {
        before: before(),
        change: {
          text: `update ${name} set ${set.join(', ')} where ${where.join(' and ')} returning ${row}`,
          values: values.list,
        },
      };
    }
    case 'delete': {
      const where = [keySql(relation, change.key, values), ...oldSql(relation, change.old, values)];
      return {
        before: before(),
        change: {
          text: `delete from ${name} where ${where.join(' and ')} returning ${row}`,
          values: values.list,
        },
      };
    }
  }
}

/** The same for people to read: with its values in it. */
export function renderChange({ text, values }: Sql): string {
  return text.replace(/ returning .*$/s, '').replace(/\$(\d+)/g, (_, n: string) => {
    const value = values[Number(n) - 1];
    return value === null || value === undefined ? 'null' : literal(String(value));
  });
}

function valueSql(relation: CatalogRelation, column: string, value: CellValue, values: Values): string {
  const { type } = columnOf(relation, column);
  if (value !== null && typeof value === 'object') return 'default';
  return `${values.add(value)}::${type}`;
}

function keySql(relation: CatalogRelation, key: readonly string[], values: Values): string {
  const types = relation.key.length > 0 ? relation.key.map(name => columnOf(relation, name).type) : ['tid'];
  return keyExpressions(relation)
    .map((expression, n) => `${expression} = ${values.add(key[n] ?? null)}::${types[n]}`)
    .join(' and ');
}

/** By their text: not every type can be compared (json), and what the operator saw was text. */
function oldSql(
  relation: CatalogRelation,
  old: Readonly<Record<string, string | null>>,
  values: Values,
): string[] {
  return Object.entries(old).map(
    ([column, value]) =>
      `${cellOf(columnOf(relation, column).name)}::text is not distinct from ${values.add(value)}::text`,
  );
}
