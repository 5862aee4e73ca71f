/** The body of a batch, read: which requests it holds. Pure. */

import { encodeHeader, isHeader } from '@peakstone/kernel/http';
import { beyondErrors } from '../../errors.ts';
import { isJsonObject, type Json, type JsonObject, parseExact } from '../../parse/exactJson.ts';
import type { RequestParts } from '../../parse/target.ts';

/** One request of a batch. */
export interface BatchItem extends RequestParts {
  /** Empty where none is given. */
  readonly body: Buffer;
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const members: ReadonlySet<string> = new Set(['method', 'path', 'headers', 'body']);

/** What speaks of the batch's own body and answer, and not of its requests. */
const ownHeaders: ReadonlySet<string> = new Set([
  'accept',
  'content-length',
  'content-type',
  'if-match',
  'if-none-match',
  'prefer',
  'range',
  'transfer-encoding',
]);
/** Who asks is settled once for all requests. */
const fixedHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host']);

/**
 * @throws {RestError} PEAK120, with the request's index where one is at fault, and PEAK121 for more than `maxRequests`.
 */
export function readBatch(
  body: Buffer,
  headers: RequestParts['headers'],
  maxRequests: number,
): readonly BatchItem[] {
  const parsed = parseExact(body.toString());
  if (!Array.isArray(parsed)) throw beyondErrors.invalidBatch('A JSON array of requests was expected.');
  const requests = parsed as readonly Json[];
  if (requests.length > maxRequests) throw beyondErrors.batchTooLong(requests.length, maxRequests);
  const inherited = Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));
  return requests.map((request, index) => {
    if (!isJsonObject(request)) throw beyondErrors.invalidBatch('A request is an object.', index);
    return readItem(request, inherited, index);
  });
}

function readItem(request: JsonObject, inherited: RequestParts['headers'], index: number): BatchItem {
  const invalid = (details: string): never => {
    throw beyondErrors.invalidBatch(details, index);
  };
  for (const name of Object.keys(request)) {
    if (!members.has(name)) invalid(`A request has no member "${name}".`);
  }
  const { method = 'GET', path, headers = {}, body } = request;
  if (typeof method !== 'string' || !methods.has(method)) {
    return invalid(`"method" is one of ${[...methods].join(', ')}.`);
  }
  if (typeof path !== 'string' || !path.startsWith('/')) {
    return invalid('"path" is a text that starts with a slash, query included.');
  }
  // As a client would write it into a request line.
  const target = path.replace(/[^\x21-\x7e]/gu, character => encodeURIComponent(character.toWellFormed()));
  const mark = target.indexOf('?');
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: { ...inherited, ...readHeaders(headers, invalid) },
    body: bodyBytes(body),
  };
}

function readHeaders(headers: Json, invalid: (details: string) => never): Record<string, string> {
  if (!isJsonObject(headers)) return invalid('"headers" is an object.');
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (fixedHeaders.has(lower)) invalid(`"${name}" holds for the whole batch.`);
    if (typeof value !== 'string' || !isHeader(name, value)) return invalid(`"${name}" is no header.`);
    read[lower] = encodeHeader(value);
  }
  return read;
}

/** JSON as it stands; a text is the body itself, such as CSV, unless it is meant as JSON. */
function bodyBytes(body: Json | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
