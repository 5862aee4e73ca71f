/** One page of a relation's rows as SQL: by key, so that the last of a million is as near as the first. Pure. */
import { quoteIdentifier as id, type Sql, type SqlValue } from '@peakstone/kernel/pg';
import type { CatalogColumn, CatalogRelation } from './catalog.ts';
import type { Comparison } from './comparisons.ts';

export interface Filter {
  readonly column: string;
  readonly operator: Comparison;
  /** Of `in`: several, separated by commas. */
  readonly value?: string | undefined;
}

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

export interface PageRequest {
  readonly filters: readonly Filter[];
  readonly sort: readonly Sort[];
  /** Values of the columns of the order at the row that the page begins behind; null for the first page. */
  readonly cursor: readonly (string | null)[] | null;
  /** Rows before the cursor, and from the end where there is none. */
  readonly backwards: boolean;
  readonly limit: number;
}

/** Longer cells are cut: the whole is asked for when somebody looks. */
export const CELL_CHARACTERS = 2048;

/** The rows' own place, where a table has no key; none where there is nothing to tell rows by. */
export type KeyKind = 'key' | 'place' | 'none';

export function keyKindOf(relation: CatalogRelation): KeyKind {
  if (relation.key.length > 0) return 'key';
  return relation.kind === 'table' || relation.kind === 'materialized' ? 'place' : 'none';
}

/** What a row is told by, in the order in which pages go: columns, or its place. */
export interface OrderColumn {
  readonly expression: string;
  readonly type: string;
  readonly descending: boolean;
  readonly nullable: boolean;
}

export function orderOf(relation: CatalogRelation, sort: readonly Sort[]): readonly OrderColumn[] {
  const sorted = sort.map(({ column, descending }) => ({
    ...orderBy(columnOf(relation, column)),
    descending,
  }));
  const rest =
    keyKindOf(relation) === 'place'
      ? [{ expression: PLACE, type: 'tid', descending: false, nullable: false }]
      : relation.key
          .filter(name => !sort.some(({ column }) => column === name))
          .map(name => orderBy(columnOf(relation, name)));
  return [...sorted, ...rest];
}

function orderBy({ name, type, notNull }: CatalogColumn): OrderColumn {
  return { expression: cellOf(name), type, descending: false, nullable: !notNull };
}

/** @throws {RangeError} the relation has no such column */
export function columnOf(relation: CatalogRelation, name: string): CatalogColumn {
  const column = relation.columns.find(each => each.name === name);
  if (column === undefined) throw new RangeError(`${relation.name} has no column ${name}`);
  return column;
}

/** Parameters of a statement as they are met. */
export class Values {
  readonly list: SqlValue[] = [];
  add(value: SqlValue): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

/**
 * Each row: its cells as text, then the values of its key, then those of its order.
 * @example planPage(films, { sort: [], limit: 100, … }).text // select left(r."id"::text, 2049), … order by r."id" limit 101
 */
export function planPage(relation: CatalogRelation, page: PageRequest): Sql {
  const values = new Values();
  const order = orderOf(relation, page.sort);
  const cells = relation.columns.map(({ name }) => `left(${cellOf(name)}::text, ${CELL_CHARACTERS + 1})`);
  const tellers = [...keyExpressions(relation), ...order.map(({ expression }) => expression)];
  const conditions = [
    ...page.filters.map(filter => filterSql(relation, filter, values)),
    ...(page.cursor === null || order.length === 0
      ? []
      : [beyondSql(order, page.cursor, page.backwards, values)]),
  ];
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const by = order.map(
    ({ expression, descending }) => `${expression}${descending !== page.backwards ? ' desc' : ''}`,
  );
  // Without anything to tell rows by, pages are counted.
  const skipped = order.length === 0 ? ` offset ${Number(page.cursor?.[0] ?? 0)}` : '';
  return {
    text:
      `select ${[...cells, ...tellers.map(each => `${each}::text`)].join(', ')} from ${nameOf(relation)}${where}` +
      `${by.length === 0 ? '' : ` order by ${by.join(', ')}`} limit ${page.limit + 1}${skipped}`,
    values: values.list,
  };
}

/** As every statement here calls it. */
export function nameOf({ schema, name }: CatalogRelation): string {
  return `${id(schema)}.${id(name)} as r`;
}

/** A column of it: by itself its name could be that of what is selected, which is text. */
export function cellOf(name: string): string {
  return `r.${id(name)}`;
}

/** Where a row lies. */
const PLACE = 'r.ctid';

export function keyExpressions(relation: CatalogRelation): readonly string[] {
  return keyKindOf(relation) === 'place' ? [PLACE] : relation.key.map(cellOf);
}

/** How many rows there are, as the planner believes or as they are. */
export function planCount(relation: CatalogRelation, filters: readonly Filter[], exact: boolean): Sql {
  const values = new Values();
  const conditions = filters.map(filter => filterSql(relation, filter, values));
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const from = `from ${nameOf(relation)}${where}`;
  return {
    text: exact ? `select count(*)::text ${from}` : `explain (format json) select 1 ${from}`,
    values: values.list,
  };
}

function filterSql(
  relation: CatalogRelation,
  { column, operator, value = '' }: Filter,
  values: Values,
): string {
  const { name, type } = columnOf(relation, column);
  switch (operator) {
    case 'is null':
    case 'is not null':
      return `${cellOf(name)} ${operator}`;
    case 'like':
    case 'ilike':
      return `${cellOf(name)}::text ${operator} ${values.add(value)}::text`;
    case 'in':
      return `${cellOf(name)} in (${value
        .split(',')
        .map(each => `${values.add(each.trim())}::${type}`)
        .join(', ')})`;
    default:
      return `${cellOf(name)} ${operator} ${values.add(value)}::${type}`;
  }
}

/** Rows behind the cursor in the page's direction, with NULL last as PostgreSQL orders it. */
function beyondSql(
  order: readonly OrderColumn[],
  cursor: readonly (string | null)[],
  backwards: boolean,
  values: Values,
): string {
  const [first] = order;
  // One comparison of rows is what an index answers at once.
  if (order.every(each => !each.nullable && each.descending === first!.descending)) {
    const sign = first!.descending !== backwards ? '<' : '>';
    const tuple = order.map((each, n) => `${values.add(cursor[n] ?? null)}::${each.type}`);
    return `(${order.map(({ expression }) => expression).join(', ')}) ${sign} (${tuple.join(', ')})`;
  }
  const ways = order.map((each, n) => {
    const equal = order.slice(0, n).map((before, m) => equalSql(before, cursor[m] ?? null, values));
    return [...equal, behindSql(each, cursor[n] ?? null, backwards, values)].join(' and ');
  });
  return `(${ways.map(way => `(${way})`).join(' or ')})`;
}

function equalSql({ expression, type }: OrderColumn, value: string | null, values: Values): string {
  return value === null ? `${expression} is null` : `${expression} = ${values.add(value)}::${type}`;
}

function behindSql(
  { expression, type, descending, nullable }: OrderColumn,
  value: string | null,
  backwards: boolean,
  values: Values,
): string {
  const falls = descending !== backwards;
  if (value === null) return falls ? `${expression} is not null` : 'false';
  const beyond = `${expression} ${falls ? '<' : '>'} ${values.add(value)}::${type}`;
  return nullable && !falls ? `(${beyond} or ${expression} is null)` : beyond;
}
