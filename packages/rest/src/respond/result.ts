/** The one row that every statement of `sql/statement.ts` returns, read. */
import type { Cell, Result } from '@peakstone/kernel/pg';

export interface ResultRow {
  /** Rows without limit and offset; null when not counted. */
  readonly total: number | null;
  /** Rows in this response, or rows written. */
  readonly rows: number;
  /** PostgreSQL's own bytes. */
  readonly body: Buffer;
  /** JSON text of the `response.headers` setting. */
  readonly headers: string | null;
  readonly status: string | null;
  /** Key columns and their values for Location; null where there is none. */
  readonly location: readonly (readonly [string, string | null])[] | null;
  /** Rows inserted by an upsert, null when it counted none. */
  readonly inserted: number | null;
}

const EMPTY = Buffer.alloc(0);

/** A function that returns one row, and whose row was filtered away, leaves no row at all. */
const NOTHING: ResultRow = {
  total: 0,
  rows: 0,
  body: EMPTY,
  headers: null,
  status: null,
  location: null,
  inserted: null,
};

export function readResult(result: Result): ResultRow {
  const [row] = result.rows;
  if (!row) return NOTHING;
  // Rows of writes have the location before the body, and the count of inserts at the end.
  const isWrite = row.length === 7;
  const at = isWrite ? 3 : 2;
  const location = isWrite ? textOf(row[2]) : null;
  return {
    total: numberOf(row[0]),
    rows: numberOf(row[1]) ?? 0,
    body: bodyBytes(row[at] ?? EMPTY, result.fields[at]?.typeOid),
    headers: textOf(row[at + 1]),
    status: textOf(row[at + 2]),
    location: location === null ? null : (JSON.parse(location) as [string, string | null][]),
    inserted: isWrite ? numberOf(row[6]) : null,
  };
}

const BYTEA = 17;
const JSONB = 3802;
const JSONB_VERSION = Buffer.from([1]);

/**
 * The body as the reference gets it, which asks for PostgreSQL's binary format: bytea is raw bytes, jsonb (which only a
 * media type handler of the schema can return) starts with its version byte. For all other types both formats agree.
 */
function bodyBytes(cell: Buffer, typeOid: number | undefined): Buffer {
  if (typeOid === BYTEA) return Buffer.from(cell.toString('latin1', 2), 'hex');
  return typeOid === JSONB ? Buffer.concat([JSONB_VERSION, cell]) : cell;
}

/** EXPLAIN's output: one row a line as text, one row as JSON. */
export function readPlanText(result: Result): Buffer {
  const lines = result.rows.flatMap(([cell]) => [cell ?? EMPTY, Buffer.from('\n')]);
  return Buffer.concat(lines);
}

/** The rows that the planner expects, from EXPLAIN (FORMAT JSON). */
export function readPlannedRows(result: Result | undefined): number | null {
  const text = textOf(result?.rows[0]?.[0]);
  if (text === null) return null;
  const [explained] = JSON.parse(text) as { Plan?: { 'Plan Rows'?: number } }[];
  return explained?.Plan?.['Plan Rows'] ?? null;
}

function textOf(cell: Cell | undefined): string | null {
  return cell ? cell.toString('utf8') : null;
}

function numberOf(cell: Cell | undefined): number | null {
  return cell && cell.length > 0 ? Number(cell.toString('latin1')) : null;
}
