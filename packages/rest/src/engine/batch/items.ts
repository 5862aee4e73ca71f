/** The body of a batch, read: which requests it holds. Pure; yields between pieces of work. */

import { encodeHeader, isHeader } from '@peakstone/kernel/http';
import { beyondErrors } from '../../errors.ts';
import { type JsonSpan, readJson } from '../../parse/jsonSpan.ts';
import type { RequestParts } from '../../parse/target.ts';

/** One request of a batch. */
export interface BatchItem extends RequestParts {
  /** Empty where none is given. */
  readonly body: Buffer;
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const members: ReadonlySet<string> = new Set(['method', 'path', 'headers', 'body']);

/** As of requests that come alone, roughly: they are read in one go. */
const maxPathLength = 32_768;
const maxHeadersBytes = 32_768;

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
export function* readBatch(
  body: Buffer,
  headers: RequestParts['headers'],
  maxRequests: number,
): Generator<void, readonly BatchItem[]> {
  const parsed = yield* readJson(body);
  if (parsed?.kind !== 'list') throw beyondErrors.invalidBatch('A JSON array of requests was expected.');
  const requests = yield* parsed.elements();
  if (requests.length > maxRequests) throw beyondErrors.batchTooLong(requests.length, maxRequests);
  const inherited = Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));
  const items: BatchItem[] = [];
  for (const [index, request] of requests.entries()) {
    if (request.kind !== 'object') throw beyondErrors.invalidBatch('A request is an object.', index);
    items.push(yield* readItem(request, inherited, index));
    yield;
  }
  return items;
}

function* readItem(
  request: JsonSpan,
  inherited: RequestParts['headers'],
  index: number,
): Generator<void, BatchItem> {
  const invalid = (details: string): never => {
    throw beyondErrors.invalidBatch(details, index);
  };
  const given = yield* request.members();
  for (const name of given.keys()) {
    if (!members.has(name)) invalid(`A request has no member "${name}".`);
  }
  const method = given.has('method') ? textOf(given.get('method')) : 'GET';
  if (method === null || !methods.has(method)) {
    return invalid(`"method" is one of ${[...methods].join(', ')}.`);
  }
  const path = textOf(given.get('path'));
  if (path === null || !path.startsWith('/')) {
    return invalid('"path" is a text that starts with a slash, query included.');
  }
  if (path.length > maxPathLength) return invalid(`"path" has at most ${maxPathLength} characters.`);
  // As a client would write it into a request line.
  const target = path.replace(/[^\x21-\x7e]/gu, character => encodeURIComponent(character.toWellFormed()));
  const mark = target.indexOf('?');
  const headers = given.get('headers');
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: { ...inherited, ...(headers ? yield* readHeaders(headers, invalid) : {}) },
    body: bodyBytes(given.get('body')),
  };
}

const textOf = (span: JsonSpan | undefined): string | null => (span?.kind === 'text' ? span.text() : null);

function* readHeaders(
  headers: JsonSpan,
  invalid: (details: string) => never,
): Generator<void, Record<string, string>> {
  if (headers.kind !== 'object') return invalid('"headers" is an object.');
  if (headers.bytes.length > maxHeadersBytes) invalid(`"headers" has at most ${maxHeadersBytes} bytes.`);
  const read: Record<string, string> = {};
  for (const [name, span] of yield* headers.members()) {
    const lower = name.toLowerCase();
    if (fixedHeaders.has(lower)) invalid(`"${name}" holds for the whole batch.`);
    const value = textOf(span);
    if (value === null || !isHeader(name, value)) return invalid(`"${name}" is no header.`);
    read[lower] = encodeHeader(value);
  }
  return read;
}

/** JSON as it stands; a text is the body itself, such as CSV, unless it is meant as JSON. */
function bodyBytes(body: JsonSpan | undefined): Buffer {
  if (!body) return Buffer.alloc(0);
  return body.kind === 'text' ? Buffer.from(body.text()) : body.bytes;
}
