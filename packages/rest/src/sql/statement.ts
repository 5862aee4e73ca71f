/**
 * The one statement of a request. Its row has the same columns whatever was asked: total (or null), rows, body,
 * response.headers, response.status; for writes total, rows, location, body, response.headers, response.status, inserts.
 */
import { arrayLiteral, type Sql } from '@peakstone/kernel/pg';
import type { MediaType } from '../parse/media.ts';
import type { Preferences } from '../parse/prefer.ts';
import { isAllRows } from '../parse/range.ts';
import type { Range } from '../parse/types.ts';
import type { KeysetPlan } from '../plan/keyset.ts';
import { type CallPlan, type Handler, type MutatePlan, type ReadPlan, SOURCE_CTE } from '../plan/types.ts';
import { callSql } from './call.ts';
import { countSql } from './exists.ts';
import {
  aggregateSql,
  csvHeaderOnce,
  csvLine,
  jsonRow,
  type ResultShape,
  ROWS,
  resultShape,
} from './handler.ts';
import { mutateSql } from './mutate.ts';
import { KEY, pageSql, readSql } from './read.ts';
import { Parameters } from './writer.ts';

const SOURCE = SOURCE_CTE.name;
const SHOWN = 'pgrst_shown';

const HEADERS = "nullif(current_setting('response.headers', true), '')";
const STATUS = "nullif(current_setting('response.status', true), '')";
const GUCS = `${HEADERS}, ${STATUS}`;

export interface StatementOptions {
  readonly mediaType: MediaType;
  readonly handler: Handler;
  readonly count: Preferences['count'];
  readonly maxRows: number | null;
  readonly range: Range;
  /** The largest answer; null where it may be of any size. */
  readonly maxResultBytes: number | null;
  /** It has few rows whatever is asked for, so that it may run without that bound. */
  readonly isFew: boolean;
}

/** The statement, and where it has few rows its twin without a bound. */
function withPlain(write: (options: StatementOptions) => Sql, options: StatementOptions): Sql {
  const bounded = write(options);
  if (!options.isFew || bounded.large === undefined) return bounded;
  return { ...bounded, plain: write({ ...options, maxResultBytes: null }).text };
}

/** A read of a relation. Without a count and without CSV the rows need no CTE. */
export function readStatement(plan: ReadPlan, options: StatementOptions): Sql {
  return withPlain(each => readOnce(plan, each), options);
}

function readOnce(plan: ReadPlan, options: StatementOptions): Sql {
  const params = new Parameters(options.maxResultBytes);
  const rows = readSql(plan.root, params);
  const { counts, total } = countParts(plan, options, 'count(*)', params);
  const needsSource = options.handler.kind === 'csv';
  const ctes = [...(needsSource ? [`${SOURCE} AS (${rows})`] : []), ...counts];
  const { body, from } = aggregateSql(options.handler, null, needsSource ? SOURCE : `(${rows})`, params);
  const text = `${withSql(ctes)}SELECT ${total}, count(*), ${body}, ${GUCS} FROM ${from}`;
  return params.toSql(explained(options.mediaType, text));
}

/** A page of a relation after a cursor. A sixth column holds the place of the last row. */
export function keysetStatement(plan: ReadPlan, keyset: KeysetPlan, options: StatementOptions): Sql {
  const params = new Parameters(options.maxResultBytes);
  const rows = pageSql(plan.root, keyset, params);
  const { counts, total } = countParts(plan, options, 'count(*)', params);
  // A page that is all there is may still be the last of several.
  const all =
    counts.length === 0 && total !== 'null'
      ? `(SELECT count(*) FROM (${countSql(plan.root, params)}) _)`
      : total;
  // A page has its rows as a column, beside one that no request names.
  const { body, from } = aggregateSql(options.handler, null, `(${rows})`, params, {
    row: `${ROWS}.${ROWS}`,
    beside: KEY,
  });
  const text = `${withSql(counts)}SELECT ${all}, count(*), ${body}, ${GUCS}, (array_agg(${KEY}))[count(*)] FROM ${from}`;
  return params.toSql(explained(options.mediaType, text));
}

/**
 * A read whose rows come one by one: the row's text, the settings for the response and, for CSV, the names of the columns
 * in the first row. There is always a first row, without text when there is none.
 */
export function streamStatement(plan: ReadPlan, { handler, maxResultBytes }: StatementOptions): Sql {
  const params = new Parameters(maxResultBytes);
  const rows = readSql(plan.root, params);
  const columns =
    handler.kind === 'csv' ? [csvLine(), csvHeaderOnce()] : [jsonRow(handler.kind === 'arrayStripped')];
  const text = `SELECT pgrst_set.headers, pgrst_set.status, ${columns.join(', ')} FROM (SELECT ${HEADERS} AS headers, ${STATUS} AS status) pgrst_set LEFT JOIN LATERAL (${rows}) ${ROWS} ON TRUE`;
  return params.toSql(text);
}

/** A write and the read on top of what it returned. */
export function writeStatement(
  mutation: MutatePlan,
  plan: ReadPlan,
  options: StatementOptions,
  preferences: Preferences,
): Sql {
  return withPlain(each => {
    const params = new Parameters(each.maxResultBytes);
    const source = mutateSql(mutation, params);
    return writtenStatement(source, mutation, plan, each, preferences, params);
  }, options);
}

/** What is said of a write whose rows `source` gives. */
export function writtenStatement(
  source: string,
  mutation: MutatePlan,
  plan: ReadPlan,
  options: StatementOptions,
  preferences: Preferences,
  params: Parameters,
): Sql {
  const isBare = options.handler.kind === 'none';
  // Without a body, what select names need not be there.
  const shown = isBare ? null : shownRows(readSql(plan.root, params), options.handler);
  const { body, from } = aggregateSql(options.handler, null, shown?.from ?? SOURCE, params, { named: SHOWN });
  const merges =
    mutation.kind === 'insert' && (mutation.isPut || preferences.resolution === 'merge-duplicates');
  const inserted = merges ? "nullif(current_setting('pgrst.inserted', true), '')" : 'null';
  const location =
    mutation.kind === 'insert' && preferences.return === 'headers-only'
      ? locationSql(mutation.primaryKey, params)
      : 'null';
  const ctes = [`${SOURCE} AS (${source})`, ...(shown?.ctes ?? [])];
  const text = `${withSql(ctes)}SELECT null, count(*), ${location}, ${body}, ${GUCS}, ${inserted} FROM ${from}`;
  return params.toSql(explained(options.mediaType, text));
}

/** A function call and the read on top of its result. */
export function callStatement(call: CallPlan, plan: ReadPlan, options: StatementOptions): Sql {
  const params = new Parameters(options.maxResultBytes);
  const source = callSql(call, params);
  const rows = readSql(plan.root, params);
  const shape: ResultShape = resultShape(call);
  const isSingle = !call.routine.returns.setof;
  const pageTotal = isSingle ? '1' : 'count(*)';
  const { counts, total } = countParts(plan, options, pageTotal, params);
  const shown = shownRows(rows, options.handler);
  const { body, from } = aggregateSql(options.handler, shape, shown.from, params, { named: SHOWN });
  const ctes = [`${SOURCE} AS (${source})`, ...shown.ctes, ...counts];
  const text = `${withSql(ctes)}SELECT ${total}, ${pageTotal}, ${body}, ${GUCS} FROM ${from}`;
  return params.toSql(explained(options.mediaType, text));
}

/** The planner's guess of a read's total, as JSON. */
export function planCountStatement(plan: ReadPlan): Sql {
  const params = new Parameters();
  return params.toSql(`EXPLAIN (FORMAT JSON) ${countSql(plan.root, params)}`);
}

/**
 * The rows that are shown of what a write or a call handed on, which may have other columns. A CSV header is of those that
 * are shown, and needs them by name.
 */
function shownRows(
  rows: string,
  handler: Handler,
): { readonly ctes: readonly string[]; readonly from: string } {
  return handler.kind === 'csv'
    ? { ctes: [`${SHOWN} AS (${rows})`], from: SHOWN }
    : { ctes: [], from: `(${rows})` };
}

function withSql(ctes: readonly string[]): string {
  return ctes.length === 0 ? '' : `WITH ${ctes.join(', ')} `;
}

/** The total costs a second look at the rows only when the page may be a part of them. */
function countParts(
  plan: ReadPlan,
  { count, maxRows, range }: StatementOptions,
  pageTotal: string,
  params: Parameters,
): { readonly counts: readonly string[]; readonly total: string } {
  if (count !== 'exact' && count !== 'estimated') return { counts: [], total: 'null' };
  if (maxRows === null && isAllRows(range)) return { counts: [], total: pageTotal };
  // One more than the limit is enough to know that the estimate is wanted.
  const limit = count === 'estimated' && maxRows !== null ? ` LIMIT ${params.add(String(maxRows + 1))}` : '';
  return {
    counts: [`pgrst_source_count AS (${countSql(plan.root, params)}${limit})`],
    total: '(SELECT count(*) FROM pgrst_source_count)',
  };
}

/** Pairs of key column and value of the only row, as JSON in column order; null when there is not exactly one row. */
function locationSql(primaryKey: readonly string[], params: Parameters): string {
  const keys = params.add(arrayLiteral(primaryKey));
  const pairs = `SELECT json_agg(json_build_array(f.key, f.value)) FROM (SELECT row_to_json(s.*) AS r FROM ${SOURCE} s LIMIT 1) d, json_each_text(d.r) f WHERE f.key = ANY (${keys}::text[])`;
  return `CASE WHEN count(*) = 1 THEN (${pairs}) END`;
}

function explained(mediaType: MediaType, text: string): string {
  if (mediaType.kind !== 'plan') return text;
  const options = [
    `FORMAT ${mediaType.format.toUpperCase()}`,
    ...mediaType.options.map(each => each.toUpperCase()),
  ];
  return `EXPLAIN (${options.join(', ')}) ${text}`;
}
