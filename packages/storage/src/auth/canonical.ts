/**
 * The canonical request of Signature Version 4, as S3 makes it. Pure. Text is latin1 throughout: header bytes as they
 * came, everything else percent-encoded.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { hash } from 'node:crypto';
import type { HttpRequest } from '@peakstone/kernel/http';
import { encodeComponent, encodePath } from '../wire/encode.ts';
import type { Query } from '../wire/query.ts';
import { decodePath } from '../wire/target.ts';

/** Names in the order of `SignedHeaders`; `undefined` when one of them did not come. */
export function canonicalHeaders(request: HttpRequest, names: readonly string[]): string | undefined {
  let text = '';
  for (const name of names) {
    const value = fieldValue(request, name);
    if (value === undefined) return undefined;
    text += `${name}:${value}\n`;
  }
  return text;
}

/** Trimmed, runs of spaces collapsed, repeated fields joined by a comma. */
function fieldValue({ headers, rawHeaders }: HttpRequest, name: string): string | undefined {
  if (rawHeaders !== undefined) {
    const values: string[] = [];
    for (let i = 0; i < rawHeaders.length; i += 2)
      if (rawHeaders[i]!.toLowerCase() === name) values.push(collapse(rawHeaders[i + 1]!));
    if (values.length > 1) return values.join(',');
  }
  const value = headers[name];
  return value === undefined ? undefined : collapse(value);
}

function collapse(value: string): string {
  return value.includes('  ') || value !== value.trim() ? value.trim().replace(/ {2,}/g, ' ') : value;
}

/** Sorted by encoded name and value, without the signature itself. */
export function canonicalQuery(query: Query, except?: string): string {
  if (query.pairs.length === 0) return '';
  return query.pairs
    .filter(([name]) => name !== except)
    .map(([name, value]) => [encodeComponent(name), encodeComponent(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Hex digest of the canonical request. */
export function digestRequest(
  method: string,
  path: string,
  query: string,
  headers: string,
  signedHeaders: string,
  payload: string,
): string {
  const uri = encodePath(decodePath(path));
  return hash(
    'sha256',
    Buffer.from(`${method}\n${uri}\n${query}\n${headers}\n${signedHeaders}\n${payload}`, 'latin1'),
    'hex',
  );
}
