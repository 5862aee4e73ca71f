import { detached } from '../boundedCache.ts';
import { isHopByHop } from './hopByHop.ts';
import { errorResponse } from './respond.ts';
import type { ServerHost } from './serverHost.ts';
import { forbidsBody, reasonPhrase } from './status.ts';
import type { HttpBody, HttpRequest, HttpResponse } from './types.ts';

/** How a response's body travels, decided once for both lanes. */
export type Framing = 'none' | 'length' | 'chunked' | 'given';

/** A response ready to be written: status line and header block, and how the body follows. */
export interface PlannedResponse {
  readonly response: HttpResponse;
  /** Status line and header lines, each with CRLF, without Date, Connection and the closing empty line. Latin-1. */
  readonly head: string;
  /** False when nothing may follow the head (HEAD, 204, 304). */
  readonly sendsBody: boolean;
  readonly framing: Framing;
  /** Body bytes announced; -1 when unknown. */
  readonly length: number;
  /** The handler asked to close the connection after this response. */
  readonly close: boolean;
}

const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const knownNames = new Map<string, string>();
const MAX_KNOWN_NAMES = 512;
const MAX_KNOWN_LENGTH = 64;

/** Lower-cased header name; `''` when it isn't a token. Remembered, since handlers use few names. */
function checkedName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const lower = TOKEN.test(name) ? name.toLowerCase() : '';
  if (name.length <= MAX_KNOWN_LENGTH && knownNames.size < MAX_KNOWN_NAMES)
    knownNames.set(detached(name), detached(lower));
  return lower;
}

/** Bytes in a body that isn't a stream. */
export function bodyBytes(body: Exclude<HttpBody, AsyncIterable<Uint8Array>>): number {
  if (body === null) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (Array.isArray(body)) {
    let total = 0;
    for (const part of body as readonly Uint8Array[]) total += part.byteLength;
    return total;
  }
  return (body as Uint8Array).byteLength;
}

/** Lets go of a streamed body that won't be sent, so that what feeds it is released. */
export function releaseBody(body: HttpBody): void {
  if (!isStream(body)) return;
  const iterable = body;
  const close = async () => {
    await iterable[Symbol.asyncIterator]().return?.();
  };
  close().catch(() => {
    // Nobody will see this body, so how it fails to close changes nothing.
  });
}

function isBody(body: unknown): body is HttpBody {
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) return true;
  if (Array.isArray(body)) return body.every(part => part instanceof Uint8Array);
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

/** @throws {Error} for what isn't a piece of a streamed body. */
export function assertBytes(chunk: unknown): void {
  if (!(chunk instanceof Uint8Array)) throw new Error('A streamed body must be made of bytes');
}

/** Whether a body arrives over time. */
export function isStream(body: HttpBody): body is AsyncIterable<Uint8Array> {
  return body !== null && typeof body === 'object' && Symbol.asyncIterator in body;
}

/**
 * Decides framing and renders the header block. Pure.
 *
 * @throws {Error} on a header name or value that could split the response, on a status outside 200–999,
 * and on framing headers that contradict the body: an application's mistake must become a 500, not a second response.
 */
function planResponse(response: HttpResponse, method: string): PlannedResponse {
  if (typeof response !== 'object' || response === null) throw new Error('The handler gave no response');
  const { status, headers, body } = response;
  // No class beyond 5 has a meaning, but database functions raise such statuses for clients that know them.
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new Error(`Response status ${status} is outside 200-999`);
  }
  const reason = response.statusText ?? reasonPhrase(status);
  if (typeof reason !== 'string' || INVALID_VALUE.test(reason))
    throw new Error('Response reason phrase holds a control character');
  if (!Array.isArray(headers) || headers.length % 2 !== 0)
    throw new Error('Response headers must be name and value pairs');
  if (!isBody(body)) throw new Error('Response body must be null, text, bytes or a stream of bytes');

  let head = `HTTP/1.1 ${status} ${reason}\r\n`;
  let close = false;
  let givenLength: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    const lower = checkedName(name);
    if (lower === '' || typeof value !== 'string' || INVALID_VALUE.test(value)) {
      throw new Error(`Response header ${JSON.stringify(name)} holds a character that HTTP forbids`);
    }
    switch (lower) {
      case 'connection':
        if (value.toLowerCase() === 'close') close = true;
        continue;
      case 'date':
        continue;
      case 'content-length':
        if (givenLength !== undefined || !/^\d{1,15}$/.test(value)) {
          throw new Error('Response Content-Length must be one number');
        }
        givenLength = value;
        continue;
      default:
        // What concerns this connection is the edge's own, whoever sets it.
        if (!isHopByHop(lower)) head += `${name}: ${value}\r\n`;
    }
  }

  if (forbidsBody(status)) {
    // 304 may tell the length of what it stands for; 204 must not.
    if (status === 304 && givenLength !== undefined) head += `Content-Length: ${givenLength}\r\n`;
    return { response, head, sendsBody: false, framing: 'none', length: 0, close };
  }
  const isHead = method === 'HEAD';
  if (isStream(body)) {
    if (givenLength !== undefined) {
      head += `Content-Length: ${givenLength}\r\n`;
      return { response, head, sendsBody: !isHead, framing: 'given', length: Number(givenLength), close };
    }
    if (!isHead) head += 'Transfer-Encoding: chunked\r\n';
    return { response, head, sendsBody: !isHead, framing: 'chunked', length: -1, close };
  }
  const bytes = bodyBytes(body);
  if (isHead) {
    if (givenLength !== undefined) head += `Content-Length: ${givenLength}\r\n`;
    else if (body !== null) head += `Content-Length: ${bytes}\r\n`;
    return { response, head, sendsBody: false, framing: 'none', length: 0, close };
  }
  if (givenLength !== undefined && Number(givenLength) !== bytes) {
    throw new Error(`Response Content-Length ${givenLength} differs from its ${bytes} body bytes`);
  }
  head += `Content-Length: ${bytes}\r\n`;
  return {
    response,
    head,
    sendsBody: bytes > 0,
    framing: bytes > 0 ? 'length' : 'none',
    length: bytes,
    close,
  };
}

/** The answer when nothing else can be one. */
const LAST_RESORT = errorResponse(undefined);

/**
 * Plans what answers `request`: `response`, or the failure's when that is no valid one, whatever it is. Never throws:
 * both lanes write what comes from here and nothing else.
 */
export function planAnswer(host: ServerHost, request: HttpRequest, response: HttpResponse): PlannedResponse {
  try {
    return planResponse(response, request.method);
  } catch (error) {
    const body: unknown = response?.body;
    if (isBody(body)) releaseBody(body);
    const failure = host.failed(error, request);
    try {
      return planResponse(failure, request.method);
    } catch {
      // The refusal's own headers or status are invalid; what is wrong has been reported above.
      return planResponse(LAST_RESORT, request.method);
    }
  }
}
