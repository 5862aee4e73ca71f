/**
 * Ranges of rows, from `limit`, `offset` and the Range header.
 * @see https://docs.postgrest.org/en/stable/references/api/pagination_count.html
 */
import { requestErrors } from '../errors.ts';
import type { Range } from './types.ts';

export const allRows: Range = { lower: 0, upper: Number.POSITIVE_INFINITY };
/** What `limit=0` means: no rows, and yet not an unsatisfiable range. */
export const noRows: Range = { lower: 0, upper: -1 };
/** The result of any intersection with an empty range. */
const emptyRange: Range = { lower: Number.POSITIVE_INFINITY, upper: Number.NEGATIVE_INFINITY };

export const isEmptyRange = (range: Range): boolean => range.upper < range.lower;
export const isAllRows = (range: Range): boolean =>
  range.lower === 0 && range.upper === Number.POSITIVE_INFINITY;
const isLimitZero = (range: Range): boolean => range.upper === -1;

function intersectRanges(a: Range, b: Range): Range {
  if (isEmptyRange(a) || isEmptyRange(b)) return emptyRange;
  return { lower: Math.max(a.lower, b.lower), upper: Math.min(a.upper, b.upper) };
}

/** Rows of a range, or null when it is open. */
export const rangeLimit = (range: Range): number | null =>
  Number.isFinite(range.upper) && Number.isFinite(range.lower) ? 1 + range.upper - range.lower : null;

/** Keeps at most `limit` rows of the range; null keeps all. */
function restrictRange(limit: number | null, range: Range): Range {
  if (limit === null) return range;
  return intersectRanges(range, { lower: Number.NEGATIVE_INFINITY, upper: range.lower + limit - 1 });
}

/** As `restrictRange`, but `limit=0` stays what it is. */
export function capRange(maxRows: number | null, range: Range): Range {
  return isLimitZero(range) ? noRows : restrictRange(maxRows, range);
}

/** The largest number of rows that PostgreSQL's bigint can say. Longer digits are cut to it. */
const MAX_ROWS = Number.MAX_SAFE_INTEGER;

function readInteger(text: string): number | null {
  return /^\s*-?\d+\s*$/.test(text) ? Math.max(-MAX_ROWS, Math.min(MAX_ROWS, Number(text))) : null;
}

/** The range of one level. What is not a number counts as not given. */
export function rangeOf(limit: string | undefined, offset: string | undefined): Range {
  const rows = limit === undefined ? allRows : restrictRange(readInteger(limit), allRows);
  if (offset === undefined) return rows;
  const start = readInteger(offset);
  const after = start === null ? allRows : { lower: start, upper: Number.POSITIVE_INFINITY };
  if (limit === undefined) return after;
  return { lower: after.lower, upper: after.lower + (rangeLimit(rows) ?? 0) - 1 };
}

function rangeOfHeader(header: string | undefined): Range {
  const match = header === undefined ? null : /^(\d+)-(\d*)$/.exec(header);
  if (!match) return allRows;
  const lower = readInteger(match[1] ?? '') ?? 0;
  const upper = match[2] ? (readInteger(match[2]) ?? 0) : Number.POSITIVE_INFINITY;
  return { lower, upper };
}

/**
 * The rows wanted of the request's own relation. The Range header counts for GET only.
 * @throws {RestError} PGRST103 when it can hold no row, PGRST114 when PUT has one.
 */
export function topLevelRange(
  method: string,
  header: string | undefined,
  fromQuery: Range | undefined,
): Range {
  const limits = fromQuery ?? allRows;
  const fromHeader = method === 'GET' ? rangeOfHeader(header) : allRows;
  const range = isLimitZero(limits) ? noRows : intersectRanges(fromHeader, limits);
  if (isEmptyRange(range) && !isLimitZero(limits)) {
    throw isEmptyRange(fromHeader) ? requestErrors.lowerGreaterThanUpper() : requestErrors.negativeLimit();
  }
  if (method === 'PUT' && !isAllRows(range)) throw requestErrors.putLimitNotAllowed();
  return range;
}
