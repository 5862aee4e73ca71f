/** The query of a request, decoded once, in order. Pure. */
import { S3Error } from '../errors/s3Error.ts';

export interface Query {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  has(name: string): boolean;
  /** The first of that name. */
  get(name: string): string | undefined;
}

/** @throws {S3Error} InvalidURI */
export function parseQuery(text: string): Query {
  if (text === '') return empty;
  const pairs: (readonly [string, string])[] = [];
  const first = new Map<string, string>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decode(part.slice(equals + 1));
    pairs.push([name, value]);
    if (!first.has(name)) first.set(name, value);
  }
  return { pairs, has: name => first.has(name), get: name => first.get(name) };
}

const empty: Query = { pairs: [], has: () => false, get: () => undefined };

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new S3Error('InvalidURI');
  }
}
