import { bodyBytes, isStream, releaseBody } from '../plan.ts';
import { responseHeader } from '../respond.ts';
import type { HttpBody, HttpRequest, HttpResponse } from '../types.ts';
import { type Middleware, mapResponse } from './compose.ts';
import { codecs } from './compress/codecs.ts';
import { type Encoding, negotiateEncoding } from './compress/negotiate.ts';
import { compressStream } from './compress/stream.ts';

/** Shorter bodies fit one packet either way. */
const MIN_BYTES = 1024;
/** Up to here a body is compressed at once, in well under 0.1 ms. */
const MAX_NOW_BYTES = 16 * 1024;
/** Larger bodies are compressed piece by piece as the client reads. */
const MAX_WHOLE_BYTES = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** Bodies, and streams, that are compressed at once; beyond it answers go out as they are: nobody waits for a thread. */
const MAX_WHOLE = 4;
const MAX_STREAMS = 64;

const COMPRESSIBLE =
  /^(?:text\/(?!event-stream\b)|application\/(?:[a-z0-9.+-]+\+)?(?:json|xml|yaml|sql|javascript|x-ndjson|jsonl|json-seq)\b|application\/wasm\b|image\/svg\+xml\b)/i;

const inWork = { whole: 0, streams: 0 };

/**
 * Compresses answers of 1 kB or more in what the client likes best of zstd, br and gzip.
 *
 * Never where the length could tell a secret (BREACH): an attacker's page can make a browser ask again and again, with
 * guesses that the answer repeats beside the secret, only by what browsers add to requests by themselves. So a request with
 * a Cookie, or with credentials that aren't a bearer token, is answered as it is, and so is one that is given a cookie. And
 * never in what brings messages of many senders in one stream (`text/event-stream`, `multipart/*`).
 *
 * Leaves alone what is encoded already, byte ranges, and what says `Cache-Control: no-transform` or has a digest of its bytes.
 * A strong ETag becomes a weak one: the bytes are others. HEAD is answered as GET would be, without the length.
 */
export function compress(): Middleware {
  return inner => request => mapResponse(inner(request), response => compressed(request, response));
}

function compressed(request: HttpRequest, response: HttpResponse): HttpResponse | Promise<HttpResponse> {
  if (response.status === 304) return changed(response, response.body, null);
  // How long the answer to GET is, and so whether it would be compressed, the answer to HEAD needn't tell.
  const isUnsized =
    request.method === 'HEAD' &&
    response.body === null &&
    responseHeader(response, 'content-length') === undefined;
  if (!isCompressible(response, isUnsized)) return response;
  const encoding =
    isUnsized || hasAmbientCredentials(request)
      ? null
      : negotiateEncoding(request.headers['accept-encoding']);
  if (encoding === null) return changed(response, response.body, null);
  const { body } = response;
  if (request.method === 'HEAD') {
    releaseBody(body);
    return changed(response, null, encoding);
  }
  if (isStream(body) || bodyBytes(body) > MAX_WHOLE_BYTES) {
    if (inWork.streams >= MAX_STREAMS) return changed(response, body, null);
    const source = isStream(body) ? body : pieces(buffersOf(body));
    return changed(response, streamed(source, encoding), encoding);
  }
  const buffers = buffersOf(body);
  const bytes = buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers);
  if (bytes.byteLength <= MAX_NOW_BYTES) return changed(response, codecs[encoding].now(bytes), encoding);
  if (inWork.whole >= MAX_WHOLE) return changed(response, body, null);
  inWork.whole++;
  return codecs[encoding]
    .apart(bytes)
    .finally(() => {
      inWork.whole--;
    })
    .then(smaller => changed(response, smaller, encoding));
}

function isCompressible(response: HttpResponse, isUnsized: boolean): boolean {
  const { status, body } = response;
  if (status === 204 || status < 200) return false;
  const length = Number(
    responseHeader(response, 'content-length') ?? (isUnsized || isStream(body) ? MIN_BYTES : bodyBytes(body)),
  );
  return (
    length >= MIN_BYTES &&
    COMPRESSIBLE.test(responseHeader(response, 'content-type') ?? '') &&
    responseHeader(response, 'content-encoding') === undefined &&
    responseHeader(response, 'set-cookie') === undefined &&
    responseHeader(response, 'content-digest') === undefined &&
    responseHeader(response, 'content-md5') === undefined &&
    !/^bytes\b/i.test(responseHeader(response, 'content-range') ?? '') &&
    !/\bno-transform\b/i.test(responseHeader(response, 'cache-control') ?? '')
  );
}

/** Credentials that a browser adds by itself, whoever's page makes it ask. */
function hasAmbientCredentials({ headers }: HttpRequest): boolean {
  return headers.cookie !== undefined || !/^bearer\b/i.test(headers.authorization ?? 'bearer');
}

/** The response with another body. Whatever is chosen, a cache must know that it depends on what the client takes. */
function changed(response: HttpResponse, body: HttpBody, encoding: Encoding | null): HttpResponse {
  const headers: string[] = [];
  let varies = false;
  for (let i = 0; i + 1 < response.headers.length; i += 2) {
    const name = response.headers[i]!;
    const value = response.headers[i + 1]!;
    const lower = name.toLowerCase();
    if (encoding !== null && lower === 'content-length') continue;
    if (lower === 'vary' && /(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(value)) varies = true;
    headers.push(name, encoding !== null && lower === 'etag' && value.startsWith('"') ? `W/${value}` : value);
  }
  if (encoding !== null) headers.push('Content-Encoding', encoding);
  if (!varies) headers.push('Vary', 'Accept-Encoding');
  return { ...response, headers, body };
}

function buffersOf(body: Exclude<HttpBody, AsyncIterable<Uint8Array>>): readonly Uint8Array[] {
  if (body === null) return [];
  if (typeof body === 'string') return [Buffer.from(body)];
  return Array.isArray(body) ? (body as readonly Uint8Array[]) : [body as Uint8Array];
}

async function* pieces(buffers: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.byteLength; at += PIECE_BYTES) yield buffer.subarray(at, at + PIECE_BYTES);
  }
}

/** A body that is compressed while it is read, and lets go of its source when nobody begins to. */
function streamed(source: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const stream = counted(source, encoding);
      let begun = false;
      return {
        next() {
          begun = true;
          return stream.next();
        },
        return() {
          if (!begun) releaseBody(source);
          return stream.return(undefined);
        },
      };
    },
  };
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<Uint8Array, undefined> {
  inWork.streams++;
  try {
    yield* compressStream(source, codecs[encoding].stream());
  } finally {
    inWork.streams--;
  }
  return undefined;
}
