/** Documents of the admin API, as its callers send them. Pure. */
import { S3Error } from '../errors/s3Error.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @throws {S3Error} XMinioAdminInvalidArgument */
export function readFields(body: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new S3Error('XMinioAdminInvalidArgument', { message: 'The body is no JSON.', cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new S3Error('XMinioAdminInvalidArgument');
  return value as Fields;
}

/** @throws {S3Error} XMinioAdminInvalidArgument for what is no text */
export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(name);
  return value;
}

export function textsIn(fields: Fields, name: string): string[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value) || value.some(each => typeof each !== 'string')) throw invalid(name);
  return value as string[];
}

/** Milliseconds. Go writes a time that is none as its year 1, and 1970 for never. */
export function timeIn(fields: Fields, name: string): number | undefined {
  const text = textIn(fields, name);
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalid(name);
  return ms <= 0 ? undefined : ms;
}

/** A document within the document, as text. */
export function documentIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function invalid(name: string): S3Error {
  return new S3Error('XMinioAdminInvalidArgument', `Invalid ${name}.`);
}
