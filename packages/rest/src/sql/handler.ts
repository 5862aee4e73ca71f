/** The aggregate that makes the body from rows. The rows stand under the alias `_postgrest_t`. */
import { type CallPlan, type Handler, SOURCE_CTE } from '../plan/types.ts';
import { SCALAR } from './call.ts';
import { type Parameters, qualified } from './writer.ts';

/** The alias of the rows. */
export const ROWS = '_postgrest_t';

/** A row as one value: with `.*` it is never taken for a column of the alias's name. */
const ROW = `${ROWS}.*`;

/** The shape of a function's result decides how it becomes JSON; null for relations. */
export type ResultShape = 'single-composite' | 'scalar' | 'setof-scalar' | null;

export function resultShape(plan: CallPlan): ResultShape {
  if (plan.returnsScalar) return 'scalar';
  if (plan.returnsSetOfScalar) return 'setof-scalar';
  return plan.routine.returns.setof ? null : 'single-composite';
}

export interface HandlerOptions {
  /** The CTE from whose first row CSV takes its header; it must be there for it. */
  readonly named?: string;
  /** A row as one value. */
  readonly row?: string;
  /** What else is wanted of each row. */
  readonly beside?: string;
}

/** What the answer is made of: the aggregate, and the rows under their alias. */
export interface Aggregated {
  readonly body: string;
  readonly from: string;
}

/** The aggregate over the rows of `from`, which ends early where it would become larger than `params` allows. */
export function aggregateSql(
  handler: Handler,
  shape: ResultShape,
  from: string,
  params: Parameters,
  options: HandlerOptions = {},
): Aggregated {
  const { bound } = params;
  const { named = SOURCE_CTE.name, row = ROW, beside } = options;
  const item = bound === null ? null : itemSql(handler, shape, row);
  if (bound === null || item === null) {
    return { body: handlerSql(handler, shape, named, row), from: `${from} ${ROWS}` };
  }
  const others = beside === undefined ? '' : `, ${beside}`;
  return {
    body: boundedSql(handler, shape, named, size => bound.sum(size)),
    // Each is made once, for its size and for the answer.
    from: `(SELECT ${item} AS pgrst_item${others} FROM ${from} ${ROWS} OFFSET 0) ${ROWS}`,
  };
}

const ITEM = `${ROWS}.pgrst_item`;

/** A row as it will stand in the answer; null where it is no list, or one that is not made here. */
function itemSql(handler: Handler, shape: ResultShape, row: string): string | null {
  if (shape === 'scalar' || shape === 'single-composite') return null;
  switch (handler.kind) {
    case 'json':
      return shape === 'setof-scalar' ? `${ROWS}.${SCALAR}` : `row_to_json(${row})::text`;
    case 'arrayStripped':
      return shape === 'setof-scalar' ? `${ROWS}.${SCALAR}` : `row_to_json(${row})`;
    case 'object':
      return `row_to_json(${row})`;
    case 'geojson':
      return `ST_AsGeoJSON(${row})::json`;
    case 'csv':
      return csvLine();
    case 'none':
    case 'custom':
      return null;
  }
}

/** The aggregate of items. The sum has a value only where there are some, and then it is not what is given. */
function boundedSql(
  handler: Handler,
  shape: ResultShape,
  named: string,
  sumOf: (item: string) => string,
): string {
  const list = `json_agg(${ITEM})`;
  const isScalar = shape === 'setof-scalar';
  const sum = sumOf(isScalar ? `to_json(${ITEM})` : ITEM);
  switch (handler.kind) {
    case 'json':
      // As `json_agg` separates rows, but not JSON.
      if (!isScalar) return `coalesce('[' || string_agg(${ITEM}, E', \\n ') || ']', (${sum})::text, '[]')`;
      return `coalesce(${list}, ${sum}, '[]')`;
    case 'arrayStripped':
      return `coalesce(${stripped(list, true)}, ${sum}, '[]')`;
    case 'object':
      return `coalesce(${stripped(`${list}->0`, handler.stripsNulls)}, ${sum}, 'null')`;
    case 'geojson':
      return `json_build_object('type', 'FeatureCollection', 'features', coalesce(${list}, ${sum}, '[]'))`;
    case 'csv':
      return `${csvHeader(named)} || E'\\n' || coalesce(string_agg(${ITEM}, E'\\n'), (${sum})::text, '')`;
    case 'none':
    case 'custom':
      throw new TypeError('What makes no items has no bound');
  }
}

function handlerSql(handler: Handler, shape: ResultShape, named: string, row: string): string {
  switch (handler.kind) {
    case 'none':
      return "''";
    case 'json':
      return jsonSql(shape, false, row);
    case 'arrayStripped':
      return jsonSql(shape, true, row);
    case 'object': {
      const rows = shape === 'scalar' ? `${ROWS}.${SCALAR}` : row;
      return `coalesce(${stripped(`json_agg(${rows})->0`, handler.stripsNulls)}, 'null')`;
    }
    case 'geojson':
      return `json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(${row})::json), '[]'))`;
    case 'csv':
      return csvSql(named);
    case 'custom': {
      const routine = qualified(handler.routine);
      if (shape === 'scalar') return `${routine}(${ROWS}.${SCALAR})`;
      return handler.relation === null
        ? `${routine}(${row})`
        : `${routine}((${row})::${qualified(handler.relation)})`;
    }
  }
}

function jsonSql(shape: ResultShape, stripsNulls: boolean, row: string): string {
  switch (shape) {
    case 'single-composite':
      return `coalesce(${stripped(`json_agg(${row})->0`, stripsNulls)}, 'null')`;
    case 'scalar':
      return `coalesce(${stripped(`json_agg(${ROWS}.${SCALAR})->0`, stripsNulls)}, 'null')`;
    case 'setof-scalar':
      return `coalesce(${stripped(`json_agg(${ROWS}.${SCALAR})`, stripsNulls)}, '[]')`;
    case null:
      return `coalesce(${stripped(`json_agg(${row})`, stripsNulls)}, '[]')`;
  }
}

const stripped = (json: string, strips: boolean): string => (strips ? `json_strip_nulls(${json})` : json);

/** Each row as PostgreSQL prints a composite, without its parentheses. */
function csvSql(named: string): string {
  return `${csvHeader(named)} || E'\\n' || coalesce(string_agg(${csvLine()}, E'\\n'), '')`;
}

/** A header from the first row's keys. */
function csvHeader(named: string): string {
  return `(SELECT coalesce(string_agg(a.k, ','), '') FROM (SELECT json_object_keys(r)::text AS k FROM (SELECT row_to_json(hh.*) AS r FROM ${named} AS hh LIMIT 1) s) a)`;
}

/** One row as `jsonSql` has it in its list. */
export const jsonRow = (stripsNulls: boolean): string => stripped(`row_to_json(${ROW})`, stripsNulls);

/** One row as a line of CSV. */
export const csvLine = (): string => `substring((${ROW})::text, 2, length((${ROW})::text) - 2)`;

/** The CSV header, beside the first row only. */
export const csvHeaderOnce = (): string =>
  `CASE WHEN row_number() OVER () = 1 THEN (SELECT string_agg(k, ',') FROM json_object_keys(row_to_json(${ROW})) k) END`;
