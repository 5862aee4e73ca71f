/** The aggregate that makes the body from rows. The rows stand under the alias `_postgrest_t`. */
import { type CallPlan, type Handler, SOURCE_CTE } from '../plan/types.ts';
import { SCALAR } from './call.ts';
import { qualified } from './writer.ts';

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

/** CSV takes its header from the first row of the CTE `named`, which must be there for it. `row` is a row as one value. */
export function handlerSql(
  handler: Handler,
  shape: ResultShape,
  { named = SOURCE_CTE.name, row = ROW }: { readonly named?: string; readonly row?: string } = {},
): string {
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

/** A header from the first row's keys; each row as PostgreSQL prints a composite, without its parentheses. */
function csvSql(named: string): string {
  const header = `(SELECT coalesce(string_agg(a.k, ','), '') FROM (SELECT json_object_keys(r)::text AS k FROM (SELECT row_to_json(hh.*) AS r FROM ${named} AS hh LIMIT 1) s) a)`;
  const lines = `coalesce(string_agg(${csvLine()}, E'\\n'), '')`;
  return `${header} || E'\\n' || ${lines}`;
}

/** One row as `jsonSql` has it in its list. */
export const jsonRow = (stripsNulls: boolean): string => stripped(`row_to_json(${ROW})`, stripsNulls);

/** One row as a line of CSV. */
export const csvLine = (): string => `substring((${ROW})::text, 2, length((${ROW})::text) - 2)`;

/** The CSV header, beside the first row only. */
export const csvHeaderOnce = (): string =>
  `CASE WHEN row_number() OVER () = 1 THEN (SELECT string_agg(k, ',') FROM json_object_keys(row_to_json(${ROW})) k) END`;
