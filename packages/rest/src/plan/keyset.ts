/** Planning a page after a cursor: an order in which no two rows are equal, and where to go on in it. */
import type { Table } from '@peakstone/kernel/catalog';
import { beyondErrors } from '../errors.ts';
import { decodeCursor } from '../parse/cursor.ts';
import { isEmptyRange, rangeLimit } from '../parse/range.ts';
import type { OrderDirection } from '../parse/types.ts';
import {
  type Handler,
  isAggregated,
  type ReadNode,
  type ReadPlan,
  type ResolvedField,
  type ResolvedOrder,
  unknownField,
} from './types.ts';

/** One term of the order, with everything decided that PostgreSQL would decide by default. */
export interface KeyTerm {
  readonly embed: string | null;
  readonly field: ResolvedField;
  readonly direction: OrderDirection;
  readonly nullsFirst: boolean;
  readonly nullable: boolean;
}

export interface KeysetPlan {
  readonly terms: readonly KeyTerm[];
  /** Texts of the last row's values, one for each term; null for the first page. */
  readonly after: readonly (string | null)[] | null;
  /** Names relation and order, for the check of cursors. */
  readonly order: string;
  /** Rows of a full page; null when all rows come at once. */
  readonly pageRows: number | null;
}

/**
 * Puts the primary key behind the request's order, so that every row has a place of its own. Pure.
 * @returns the plan with that order, and how to go on.
 * @throws {RestError} PEAK100, PEAK101
 */
export function planKeyset(
  plan: ReadPlan,
  table: Table,
  cursor: string,
  handler: Handler,
): { readonly plan: ReadPlan; readonly keyset: KeysetPlan } {
  const { root } = plan;
  refuseUnpageable(root, table, handler);
  const explicit = root.order.map((term): KeyTerm => keyTerm(term, table));
  const direction = explicit.at(-1)?.direction ?? 'asc';
  const isOrdered = (name: string): boolean =>
    explicit.some(({ embed, field }) => embed === null && field.name === name && field.path.length === 0);
  const ties = table.primaryKey
    .filter(name => !isOrdered(name))
    .map((name): KeyTerm => {
      const field = unknownField({ name, path: [] });
      return { embed: null, field, direction, nullsFirst: direction === 'desc', nullable: false };
    });
  const terms = [...explicit, ...ties];
  const order = describe(table, terms);
  const after = cursor === '' ? null : decodeCursor(cursor, order);
  if (after && after.length !== terms.length) {
    throw beyondErrors.invalidCursor('It belongs to another order.');
  }
  const ordered = { ...root, order: terms.map(resolvedOrder) };
  return {
    plan: { ...plan, root: ordered },
    keyset: { terms, after, order, pageRows: rangeLimit(root.range) },
  };
}

function refuseUnpageable(root: ReadNode, table: Table, handler: Handler): void {
  if (root.range.lower !== 0 && !isEmptyRange(root.range)) {
    throw beyondErrors.notPageable('"after" takes the place of "offset" and of the Range header.');
  }
  if (isAggregated(root)) throw beyondErrors.notPageable('Aggregated rows have no place to go on from.');
  if (table.primaryKey.length === 0) {
    throw beyondErrors.notPageable(
      `"${table.name}" has no primary key, so that rows could not be told apart.`,
    );
  }
  if (handler.kind !== 'json' && handler.kind !== 'arrayStripped' && handler.kind !== 'none') {
    throw beyondErrors.notPageable('Only JSON arrays are paged by cursor.');
  }
}

function keyTerm({ embed, field, direction: given, nulls }: ResolvedOrder, table: Table): KeyTerm {
  const direction = given ?? 'asc';
  const column = embed === null && field.path.length === 0 ? table.columns.get(field.name) : undefined;
  const isKey = embed === null && field.path.length === 0 && table.primaryKey.includes(field.name);
  return {
    embed,
    field,
    direction,
    nullsFirst: nulls === null ? direction === 'desc' : nulls === 'nullsfirst',
    nullable: !isKey && (column?.nullable ?? true),
  };
}

/** In the words that PostgreSQL takes for its own defaults, so that an index on the order still serves. */
function resolvedOrder({ embed, field, direction, nullsFirst }: KeyTerm): ResolvedOrder {
  const isDefault = nullsFirst === (direction === 'desc');
  return { embed, field, direction, nulls: isDefault ? null : nullsFirst ? 'nullsfirst' : 'nullslast' };
}

function describe(table: Table, terms: readonly KeyTerm[]): string {
  return JSON.stringify([
    table.schema,
    table.name,
    ...terms.map(({ embed, field, direction, nullsFirst }) => [
      embed,
      field.name,
      field.path.map(({ arrow, operand }) => [arrow, operand.value]),
      direction,
      nullsFirst,
    ]),
  ]);
}
