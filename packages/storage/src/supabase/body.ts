/** JSON bodies, checked against what they may hold. */
import type { HttpRequest } from '@peakstone/kernel/http';
import { malformed, StorageError } from './errors.ts';

type Kind = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'strings' | 'size';

export interface Field {
  readonly kind: Kind;
  readonly required?: true;
  readonly nullable?: true;
  readonly least?: number;
  readonly oneOf?: readonly string[];
}

export type Shape = Readonly<Record<string, Field>>;
export type Body = Readonly<Record<string, unknown>>;

const maxJsonBytes = 1024 * 1024;

/** @throws {StorageError} InvalidRequest, in the reference's words */
export async function readJson(http: HttpRequest, shape: Shape): Promise<Body> {
  const bytes = await http.body(maxJsonBytes);
  let value: unknown = {};
  if (bytes.length > 0) {
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch {
      // Whatever is wrong with it: it is no JSON.
      throw malformed("Body is not valid JSON but content-type is set to 'application/json'");
    }
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw malformed('body must be object');
  return readFields('body', value as Body, shape);
}

/** @throws {StorageError} InvalidRequest */
export function readFields(where: string, value: Body, shape: Shape): Body {
  const found: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined) {
      if (field.required) throw malformed(`${where} must have required property '${name}'`);
    } else
      found[name] = given === null && field.nullable ? null : readField(`${where}/${name}`, given, field);
  }
  return found;
}

function readField(where: string, value: unknown, { kind, least, oneOf }: Field): unknown {
  switch (kind) {
    case 'string': {
      const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
      if (typeof text !== 'string') throw malformed(`${where} must be string`);
      if (oneOf !== undefined && !oneOf.includes(text))
        throw malformed(`${where} must be equal to one of the allowed values`);
      assertStorable(where, text);
      return text;
    }
    case 'number':
    case 'integer': {
      const number = typeof value === 'string' && value !== '' ? Number(value) : value;
      if (
        typeof number !== 'number' ||
        !Number.isFinite(number) ||
        (kind === 'integer' && !Number.isSafeInteger(number))
      )
        throw malformed(`${where} must be ${kind}`);
      if (least !== undefined && number < least) throw malformed(`${where} must be >= ${least}`);
      return number;
    }
    case 'boolean':
      if (value === 'true' || value === 'false') return value === 'true';
      if (typeof value !== 'boolean') throw malformed(`${where} must be boolean`);
      return value;
    case 'object':
      if (value === null || typeof value !== 'object' || Array.isArray(value))
        throw malformed(`${where} must be object`);
      return value;
    case 'strings':
      if (!Array.isArray(value)) throw malformed(`${where} must be array`);
      if (least !== undefined && value.length < least)
        throw malformed(`${where} must NOT have fewer than ${least} items`);
      return value.map((each, place) => readField(`${where}/${place}`, each, { kind: 'string' }));
    case 'size':
      if (typeof value !== 'number' && typeof value !== 'string')
        throw malformed(`${where} must be integer,string`);
      return value;
  }
}

/** PostgreSQL's text holds no NUL. */
function assertStorable(where: string, text: string): void {
  if (text.includes('\0'))
    throw new StorageError('InvalidParameter', `${where} must not hold a NUL character`);
}
