/** The answers of a batch as one body, in which JSON stays the database's own bytes. Pure. */
import { isUtf8 } from 'node:buffer';
import { decodeHeader, type HttpBody, type HttpResponse, responseHeader } from '@peakstone/kernel/http';

export function renderBatch(responses: readonly HttpResponse[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  responses.forEach((response, i) => {
    parts.push(
      Buffer.from(`${i === 0 ? '[' : ',\n '}{"status":${response.status},"headers":${headersJson(response)}`),
    );
    parts.push(...bodyMembers(response));
  });
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

function bodyMembers(response: HttpResponse): readonly Uint8Array[] {
  const bytes = bytesOf(response.body);
  if (bytes.length === 0) return [Buffer.from(',"body":null}')];
  if (isJson(response) && isValidJson(bytes)) return [Buffer.from(',"body":'), bytes, Buffer.from('}')];
  if (isUtf8(bytes)) return [Buffer.from(`,"body":${JSON.stringify(bytes.toString())}}`)];
  return [Buffer.from(`,"body":"${bytes.toString('base64')}","encoding":"base64"}`)];
}

function bytesOf(body: HttpBody): Buffer {
  if (body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new Error('A response inside a batch is never streamed');
}

/** By the media type that was negotiated, or that the database has set. */
function isJson(response: HttpResponse): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(responseHeader(response, 'content-type') ?? '');
}

/** A function may call anything JSON; what is not would break the answers around it. */
function isValidJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    // Shown as text then.
    return false;
  }
}
