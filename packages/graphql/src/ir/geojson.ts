/** GeoJSON as the reference reads it, before PostGIS does. Pure. @see https://datatracker.ietf.org/doc/html/rfc7946#section-3 */
import { HasuraError } from '../errors.ts';
import { isRawNumber, stringifyJson } from './json.ts';
import type { JsonValue } from './value.ts';

type Check = (value: JsonValue | undefined) => void;

const refuse = (message: string): HasuraError => new HasuraError('parse-failed', message);

const listOf =
  (name: string, check: Check, least = 0): Check =>
  value => {
    if (!Array.isArray(value)) throw refuse(`parsing ${name} failed, expected Array`);
    for (const item of value) check(item);
    if (value.length < least) throw refuse(`A ${name} needs at least ${least} Positions`);
  };

const position: Check = value => {
  if (!Array.isArray(value)) throw refuse('parsing Position failed, expected Array');
  if (value.length < 2) throw refuse('A Position needs at least 2 elements');
  if (!value.every(each => typeof each === 'number' || isRawNumber(each)))
    throw refuse('parsing Scientific failed, expected Number');
};

const ring: Check = value => {
  listOf('LinearRing', position, 4)(value);
  const [first, last] = [value as JsonValue[]].flatMap(all => [all[0]!, all.at(-1)!]);
  if (stringifyJson(first!) !== stringifyJson(last!))
    throw refuse('the first and last locations have to be equal for a LinearRing');
};

const line = listOf('LineString', position, 2);
const polygon = listOf('Polygon', ring);

const coordinates = new Map<JsonValue | undefined, Check>([
  ['Point', position],
  ['MultiPoint', listOf('MultiPoint', position)],
  ['LineString', line],
  ['MultiLineString', listOf('MultiLineString', line)],
  ['Polygon', polygon],
  ['MultiPolygon', listOf('MultiPolygon', polygon)],
]);

/** @throws {HasuraError} parse-failed, without a path */
export function assertGeometry(geometry: { readonly [key: string]: JsonValue }): void {
  const { type } = geometry;
  const member = type === 'GeometryCollection' ? 'geometries' : 'coordinates';
  const check = type === 'GeometryCollection' ? listOf('GeometryCollection', within) : coordinates.get(type);
  if (type === undefined) throw refuse('key "type" not found');
  if (!check) throw refuse(`unexpected geometry type: ${String(type)}`);
  if (geometry[member] === undefined) throw refuse(`key "${member}" not found`);
  check(geometry[member]);
}

function within(value: JsonValue | undefined): void {
  if (
    value === null ||
    value === undefined ||
    typeof value !== 'object' ||
    Array.isArray(value) ||
    isRawNumber(value)
  )
    throw refuse('parsing Geometry failed, expected Object');
  assertGeometry(value as { readonly [key: string]: JsonValue });
}
