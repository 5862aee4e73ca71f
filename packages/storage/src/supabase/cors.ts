/** Pages of any origin may ask: what they may see, their tokens say. */
import { type HttpRequest, type HttpResponse, withHeaders } from '@peakstone/kernel/http';

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
/** What scripts have to read of an answer, TUS' fields among it. */
const exposed = [
  'Location',
  'ETag',
  'Content-Range',
  'Content-Length',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Expires',
  'Tus-Version',
  'Tus-Resumable',
  'Tus-Max-Size',
  'Tus-Extension',
].join(', ');

/** Undefined: it is no preflight. */
export function preflight({ method, headers }: HttpRequest): HttpResponse | undefined {
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return undefined;
  const asked = headers['access-control-request-headers'];
  const allowed =
    asked !== undefined && /^[\w!#$%&'*+.^`|~, -]{1,2048}$/.test(asked)
      ? ['Access-Control-Allow-Headers', asked]
      : [];
  return {
    status: 204,
    headers: ['Access-Control-Allow-Methods', methods, ...allowed, 'Access-Control-Max-Age', '3600'],
    body: null,
  };
}

export function withCors({ headers }: HttpRequest, answer: HttpResponse): HttpResponse {
  if (headers.origin === undefined) return answer;
  return withHeaders(answer, ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', exposed]);
}
