import { escapeJson, toJson } from '../output/json.ts';
import { type ArrayValue, parseArray } from './array.ts';

const bool = 16;
const json = new Set([114, 3802]);
/** int8, int2, int4, oid, float4, float8, numeric. */
const numbers = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** Element types by array type, both as oids. */
export type ArrayTypes = ReadonlyMap<number, number>;

/** Of every array type that is written with commas; not of int2vector and oidvector, which are no arrays in text. */
export const arrayTypesQuery =
  "select a.oid, e.oid from pg_catalog.pg_type e join pg_catalog.pg_type a on a.oid = e.typarray where e.typdelim = ','";

/** A value as to_json would write it: json as it is, arrays as arrays, booleans and numbers bare, all else a text. Pure. */
export function jsonCell(text: string | null, typeOid: number, arrays: ArrayTypes): string {
  if (text === null) return 'null';
  if (typeOid === bool) return text === 't' ? 'true' : 'false';
  if (json.has(typeOid)) return escapeJson(text);
  // As PostgreSQL writes it, so that no digit of a bigint or numeric is lost; NaN and Infinity are not JSON.
  if (numbers.has(typeOid) && /^-?\d/.test(text)) return text;
  const element = arrays.get(typeOid);
  const values = element === undefined ? null : parseArray(text);
  return values ? jsonArray(values, element!) : toJson(text);
}

/** As deep as PostgreSQL's arrays have dimensions, six at most. */
function jsonArray(values: ArrayValue, element: number): string {
  const parts = values.map(value =>
    value === null || typeof value === 'string'
      ? jsonCell(value, element, noArrays)
      : jsonArray(value, element),
  );
  return `[${parts.join(',')}]`;
}

const noArrays: ArrayTypes = new Map();
