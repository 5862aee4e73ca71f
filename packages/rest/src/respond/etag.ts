import { createHash } from 'node:crypto';
import { type HttpResponse, withHeaders } from '@peakstone/kernel/http';

/** Adds an ETag over the body of a read, and answers 304 when the client has it already. Pure. */
export function withETag(response: HttpResponse, ifNoneMatch: string | undefined): HttpResponse {
  if (response.status !== 200 && response.status !== 206) return response;
  if (!(response.body instanceof Uint8Array)) return response;
  const tag = `"${createHash('sha1').update(response.body).digest('base64url')}"`;
  const tagged = withHeaders(response, ['ETag', tag]);
  const known = ifNoneMatch?.split(',').map(each => each.trim().replace(/^W\//, '')) ?? [];
  return known.includes(tag) || known.includes('*') ? { ...tagged, status: 304, body: null } : tagged;
}
