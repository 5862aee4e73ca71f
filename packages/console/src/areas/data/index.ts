/** Tables and views: what there is, their rows page by page, and edits of them. */
import * as v from 'valibot';
import { type Call, route } from '../../api/route.ts';
import { Refusal } from '../../refusal.ts';
import { type CatalogRelation, readCatalog, readRelation } from './catalog.ts';
import { planChange, renderChange } from './changes.ts';
import { commit } from './commit.ts';
import { COMPARISONS } from './comparisons.ts';
import {
  CELL_CHARACTERS,
  cellOf,
  columnOf,
  keyExpressions,
  keyKindOf,
  nameOf,
  orderOf,
  planCount,
  planPage,
  Values,
} from './page.ts';

const Name = v.pipe(v.string(), v.maxLength(63 * 4));
const Relation = { schema: Name, relation: Name };
const Text = v.nullable(v.string());
const Filters = v.optional(
  v.array(v.object({ column: Name, operator: v.picklist(COMPARISONS), value: v.optional(v.string()) })),
  [],
);
const Cells = v.record(v.string(), v.union([v.string(), v.null(), v.object({ default: v.literal(true) })]));
const Key = v.array(v.string());
const Old = v.record(v.string(), Text);
const Changes = v.pipe(
  v.array(
    v.variant('kind', [
      v.object({ kind: v.literal('insert'), set: Cells }),
      v.object({ kind: v.literal('update'), key: Key, old: Old, set: Cells }),
      v.object({ kind: v.literal('delete'), key: Key, old: Old }),
    ]),
  ),
  v.minLength(1),
  v.maxLength(1000),
);
/** A pasted block may be large. */
const EDIT_BYTES = 16 * 2 ** 20;
/** Of one cell that is looked at whole. */
const WHOLE_CELL_BYTES = 16 * 2 ** 20;

export interface Row {
  /** What the row is told by; empty where nothing tells it. */
  readonly key: readonly string[];
  readonly cells: readonly (string | null)[];
  /** Columns whose cell is longer than what is shown. */
  readonly cut: readonly number[];
}

export interface RowPage {
  readonly relation: CatalogRelation;
  readonly keyKind: ReturnType<typeof keyKindOf>;
  readonly rows: readonly Row[];
  /** Where the next page begins, in the page's direction; null at the end. */
  readonly next: readonly (string | null)[] | null;
  /** Where the page before it ends. */
  readonly first: readonly (string | null)[] | null;
  readonly sql: string;
}

export const dataRoutes = {
  'data/catalog': route('view', v.object({}), call => readCatalog(call)),

  'data/rows': route(
    'view',
    v.object({
      ...Relation,
      filters: Filters,
      sort: v.optional(v.array(v.object({ column: Name, descending: v.boolean() })), []),
      cursor: v.optional(v.nullable(v.array(Text)), null),
      backwards: v.optional(v.boolean(), false),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 100),
    }),
    async (call, { schema, relation: name, ...page }): Promise<RowPage> => {
      const relation = await relationOf(call, schema, name);
      const sql = planned(() => planPage(relation, page));
      const [result] = await call.databases.read(call.operator, { statements: [sql], signal: call.signal });
      const all = result!.rows.map(row => row.map(cell => cell?.toString() ?? null));
      const width = relation.columns.length;
      const keys = keyExpressions(relation).length;
      const taken = all.slice(0, page.limit);
      const cursorAt = (n: number): readonly (string | null)[] =>
        orderOf(relation, page.sort).length === 0
          ? [String(Number(page.cursor?.[0] ?? 0) + n + 1)]
          : taken[n]!.slice(width + keys);
      const next = all.length > page.limit ? cursorAt(taken.length - 1) : null;
      const first = page.cursor !== null && taken.length > 0 ? cursorAt(0) : null;
      const rows = taken.map(row => toRow(row, width, keys));
      return {
        relation,
        keyKind: keyKindOf(relation),
        rows: page.backwards ? rows.toReversed() : rows,
        next,
        first,
        sql: renderChange(sql),
      };
    },
  ),

  'data/count': route(
    'view',
    v.object({ ...Relation, filters: Filters, exact: v.optional(v.boolean(), false) }),
    async (call, { schema, relation: name, filters, exact }): Promise<{ rows: number; exact: boolean }> => {
      const relation = await relationOf(call, schema, name);
      if (!exact && filters.length === 0 && relation.estimate !== null && relation.estimate > 0)
        return { rows: relation.estimate, exact: false };
      const [result] = await call.databases.read(call.operator, {
        statements: [planned(() => planCount(relation, filters, exact))],
        signal: call.signal,
      });
      const text = String(result!.rows[0]![0]);
      if (exact) return { rows: Number(text), exact: true };
      return {
        rows: (JSON.parse(text) as [{ Plan: { 'Plan Rows': number } }])[0].Plan['Plan Rows'],
        exact: false,
      };
    },
  ),

  'data/cell': route(
    'view',
    v.object({ ...Relation, column: Name, key: Key }),
    async (call, { schema, relation: name, column, key }): Promise<{ text: string | null }> => {
      const relation = await relationOf(call, schema, name);
      const values = new Values();
      const where = planned(() =>
        keyExpressions(relation).map(
          (expression, n) =>
            `${expression} = ${values.add(key[n] ?? null)}::${relation.key[n] === undefined ? 'tid' : columnOf(relation, relation.key[n]).type}`,
        ),
      );
      if (where.length === 0)
        throw new Refusal(
          'input',
          'The rows of this relation cannot be told apart',
          'Look at the cell in the SQL area.',
        );
      const cell = planned(() => cellOf(columnOf(relation, column).name));
      const [result] = await call.databases.read(call.operator, {
        statements: [
          {
            text: `select case when octet_length(${cell}::text) <= ${WHOLE_CELL_BYTES} then ${cell}::text end, octet_length(${cell}::text)::text from ${nameOf(relation)} where ${where.join(' and ')}`,
            values: values.list,
          },
        ],
        signal: call.signal,
      });
      const [row] = result!.rows;
      if (row === undefined)
        throw new Refusal('conflict', 'The row is no longer there', 'Look at the table again.');
      if (row[0] === null && row[1] !== null)
        throw new Refusal(
          'input',
          `The cell has ${row[1]} bytes, more than are shown`,
          'Take a part of it in the SQL area: substr(…).',
        );
      return { text: row[0]?.toString() ?? null };
    },
  ),

  'data/review': route(
    'view',
    v.object({ ...Relation, changes: Changes }),
    async (call, { schema, relation: name, changes }): Promise<readonly string[]> => {
      const relation = await relationOf(call, schema, name);
      return planned(() => changes.map(change => `${renderChange(planChange(relation, change).change)};`));
    },
    { maxBytes: EDIT_BYTES },
  ),

  'data/commit': route(
    'edit',
    v.object({ ...Relation, changes: Changes }),
    async (call, { schema, relation: name, changes }) => {
      const relation = await relationOf(call, schema, name);
      return await commit(call, relation, changes);
    },
    { maxBytes: EDIT_BYTES },
  ),
} as const;

async function relationOf(call: Call, schema: string, name: string): Promise<CatalogRelation> {
  const relation = await readRelation(call, schema, name);
  if (relation === undefined)
    throw new Refusal(
      'unknown',
      `There is no ${schema}.${name}, or you may not see it`,
      'Look at the list again: it may have been renamed.',
    );
  return relation;
}

/** @throws {Refusal} where the input names a column that is not there */
function planned<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    if (error instanceof RangeError)
      throw new Refusal('input', error.message, 'Look at the table again: it may have been changed.');
    throw error;
  }
}

function toRow(row: readonly (string | null)[], width: number, keys: number): Row {
  const cut: number[] = [];
  const cells = row.slice(0, width).map((cell, n) => {
    // Counted as PostgreSQL counts: an emoji is one.
    if (cell === null || cell.length <= CELL_CHARACTERS) return cell;
    const characters = Array.from(cell);
    if (characters.length <= CELL_CHARACTERS) return cell;
    cut.push(n);
    return characters.slice(0, CELL_CHARACTERS).join('');
  });
  return { key: row.slice(width, width + keys) as string[], cells, cut };
}
