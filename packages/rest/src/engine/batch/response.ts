/** The answers of a batch as one body, in which JSON stays the database's own bytes. Pure; yields between pieces of work. */
import { decodeHeader, type HttpBody, type HttpResponse, responseHeader } from '@peakstone/kernel/http';
import { readJson } from '../../parse/jsonSpan.ts';
import { sliceEnds, Utf8Check } from '../../parse/payload/slices.ts';

export function* renderBatch(responses: readonly HttpResponse[]): Generator<void, readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (const [i, response] of responses.entries()) {
    parts.push(
      Buffer.from(`${i === 0 ? '[' : ',\n '}{"status":${response.status},"headers":${headersJson(response)}`),
    );
    yield* addBody(response, parts);
    parts.push(Buffer.from('}'));
    yield;
  }
  parts.push(Buffer.from(']'));
  return parts;
}

/** By name in lower case; what is repeated is joined by commas, as HTTP allows. */
function headersJson({ headers }: HttpResponse): string {
  const shown: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    const value = decodeHeader(headers[i + 1] ?? '');
    shown[name] = name in shown ? `${shown[name]}, ${value}` : value;
  }
  return JSON.stringify(shown);
}

function* addBody(response: HttpResponse, parts: Uint8Array[]): Generator<void, void> {
  const bytes = bytesOf(response.body);
  if (bytes.length === 0) {
    parts.push(Buffer.from(',"body":null'));
  } else if (isJson(response) && (yield* readJson(bytes)) !== null) {
    parts.push(Buffer.from(',"body":'), bytes);
  } else if (yield* isText(bytes)) {
    parts.push(Buffer.from(',"body":"'));
    for (const slice of slicesOf(bytes)) {
      // Byte by byte: what JSON escapes is ASCII.
      parts.push(Buffer.from(JSON.stringify(slice.toString('latin1')).slice(1, -1), 'latin1'));
      yield;
    }
    parts.push(Buffer.from('"'));
  } else {
    parts.push(Buffer.from(',"body":"'));
    for (const slice of slicesOf(bytes)) {
      parts.push(Buffer.from(slice.toString('base64')));
      yield;
    }
    parts.push(Buffer.from('","encoding":"base64"'));
  }
}

/** A multiple of three, so that the base64 of slices is that of the whole. */
const sliceBytes = 3 * 16_384;

function* slicesOf(bytes: Buffer): Generator<Buffer, void> {
  for (let from = 0; from < bytes.length; from += sliceBytes) yield bytes.subarray(from, from + sliceBytes);
}

function* isText(bytes: Buffer): Generator<void, boolean> {
  const utf8 = new Utf8Check(bytes);
  for (const end of sliceEnds(bytes.length)) {
    if (!utf8.accepts(end)) return false;
    yield;
  }
  return true;
}

function bytesOf(body: HttpBody): Buffer {
  if (body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new Error('A response inside a batch is never streamed');
}

/** By the media type that was negotiated, or that a function has set: then anything may be called so. */
function isJson(response: HttpResponse): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(responseHeader(response, 'content-type') ?? '');
}
