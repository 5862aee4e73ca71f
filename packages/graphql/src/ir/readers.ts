/**
 * JSON values as text for PostgreSQL, by the type of a column, with what the reference says of one that does not fit. Pure.
 */
import type { Scalar } from '../catalog/scalars.ts';
import { HasuraError } from '../errors.ts';
import { assertGeometry } from './geojson.ts';
import { isRawNumber, numberText, stringifyJson } from './json.ts';
import type { JsonValue } from './value.ts';

const bounds = {
  smallint: [-32768n, 32767n],
  integer: [-2147483648n, 2147483647n],
  bigint: [-9223372036854775808n, 9223372036854775807n],
} as const;

/** @throws {HasuraError} parse-failed, without a path */
export function readScalar(scalar: Scalar, value: JsonValue): string | null {
  if (value === null) return null;
  // Whatever is text goes to PostgreSQL as it is, which has the last word: so large numbers and every date format pass.
  if (typeof value === 'string' && scalar.kind !== 'ltree' && !isJson(scalar) && !isGeo(scalar)) return value;
  switch (scalar.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return readInteger(value, bounds[scalar.kind], scalar.name);
    case 'float':
      return readNumber(value, `Float expected for input type: ${scalar.name}`);
    case 'numeric':
    case 'money':
      return readNumber(value, 'Scientific');
    case 'boolean':
      if (typeof value === 'boolean') return String(value);
      throw expected('Bool', 'Boolean', value);
    case 'json':
    case 'jsonb':
      return stringifyJson(value);
    case 'geometry':
    case 'geography':
      return readGeometry(value);
    case 'ltree':
      return readLtree(value);
    case 'array':
      return readArray(scalar, value);
    case 'text':
    case 'citext':
    case 'lquery':
    case 'ltxtquery':
      throw expected('Text', 'String', value);
    case 'char':
      throw expected('Char', 'String', value);
    case 'uuid':
      throw expected('UUID', 'String', value);
    case 'date':
      throw expected('Day', 'String', value);
    case 'timestamp':
      throw expected('LocalTime', 'String', value);
    case 'timestamptz':
      throw expected('UTCTime', 'String', value);
    case 'timetz':
      throw expected('ZonedTimeOfDay', 'String', value);
    case 'raster':
    case 'composite':
    case 'other':
      throw new HasuraError('parse-failed', `A string is expected for type: ${scalar.name}`);
  }
}

export const isJson = ({ kind }: Scalar): boolean => kind === 'json' || kind === 'jsonb';
const isGeo = ({ kind }: Scalar): boolean => kind === 'geometry' || kind === 'geography';

function readInteger(value: JsonValue, [min, max]: readonly [bigint, bigint], name: string): string {
  if (!isNumber(value)) throw expected(`Integer expected for input type: ${name}`, 'Number', value);
  return integerText(numberText(value), min, max);
}

/** @throws {HasuraError} for a fraction, or one out of bounds */
export function integerText(text: string, min: bigint, max: bigint): string {
  const whole = wholeNumber(text);
  if (whole === null || whole < min || whole > max) {
    throw new HasuraError(
      'parse-failed',
      `The value ${scientific(text)} lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?`,
    );
  }
  return String(whole);
}

function wholeNumber(text: string): bigint | null {
  if (/^-?\d{1,400}$/.test(text)) return BigInt(text);
  const value = Number(text);
  return Number.isSafeInteger(value) ? BigInt(value) : null;
}

/** As Haskell shows a number: with an exponent from ten million on, and below a tenth. */
function scientific(text: string): string {
  const value = Number(text);
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return scientificDigits(text);
  if (value === 0) return '0.0';
  if (size >= 0.1 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${Number(exponent)}`;
}

/** Of what is too large for a double: all its digits, as the reference has them. */
function scientificDigits(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  // A text in an integer's place may hold anything.
  if (parts === null) return text;
  const [, sign, whole, fraction, exponent] = parts;
  const digits = `${whole}${fraction ?? ''}`.replace(/^0+/, '');
  const power = Number(exponent ?? 0) - (fraction?.length ?? 0) + digits.length - 1;
  return `${sign}${digits[0]}.${digits.slice(1).replace(/0+$/, '') || '0'}e${power}`;
}

function readNumber(value: JsonValue, what: string): string {
  if (!isNumber(value)) throw expected(what, 'Number', value);
  return numberText(value);
}

function readGeometry(value: JsonValue): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || isRawNumber(value))
    throw expected('GeometryWithCRS', 'Object', value);
  assertGeometry(value as { readonly [key: string]: JsonValue });
  return stringifyJson(value);
}

function readLtree(value: JsonValue): string {
  if (typeof value === 'string' && value.split('.').every(label => label !== '')) return value;
  throw new HasuraError(
    'parse-failed',
    'Expecting label path: a sequence of zero or more labels separated by dots, for example L1.L2.L3',
  );
}

function readArray({ element, name }: Scalar, value: JsonValue): string {
  if (!Array.isArray(value)) throw expected('[]', 'Array', value);
  if (!element) throw new TypeError(`The array type ${name} has no element type`);
  return arrayText(
    value.map(item =>
      element.kind === 'array' ? { nested: readScalar(element, item) } : readScalar(element, item),
    ),
  );
}

/** An element of an array; nested ones come as text of their own. */
type ArrayItem = string | null | { readonly nested: string | null };

/** PostgreSQL's text of an array. */
export function arrayText(items: readonly ArrayItem[]): string {
  const text = new ArrayText();
  for (const item of items) text.add(item);
  return text.end();
}

/** The same, an element at a time. */
export class ArrayText {
  #text = '{';

  add(item: ArrayItem): void {
    if (this.#text.length > 1) this.#text += ',';
    if (item === null) this.#text += 'NULL';
    else if (typeof item === 'object') this.#text += item.nested ?? 'NULL';
    else this.#text += `"${item.replace(/["\\]/g, '\\$&')}"`;
  }

  end(): string {
    return `${this.#text}}`;
  }
}

function isNumber(value: JsonValue): value is number {
  return typeof value === 'number' || isRawNumber(value);
}

function expected(what: string, kind: string, value: JsonValue): HasuraError {
  return new HasuraError(
    'parse-failed',
    `parsing ${what} failed, expected ${kind}, but encountered ${kindOf(value)}`,
  );
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  if (isNumber(value)) return 'Number';
  return { string: 'String', boolean: 'Boolean' }[typeof value as string] ?? 'Object';
}
