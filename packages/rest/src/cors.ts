/**
 * Cross-origin requests: setting `server-cors-allowed-origins`.
 * @see https://docs.postgrest.org/en/stable/references/api/cors.html
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';

const allowedMethods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'];
const safelistedHeaders = 'Accept, Accept-Language, Content-Language';
const exposedHeaders =
  'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit';

/**
 * The answer to a preflight request of an allowed origin, else null: whatever is not a sound preflight is answered as an
 * ordinary request, and the browser draws its own conclusion. Pure.
 */
export function answerPreflight(request: HttpRequest, allowed: readonly string[]): HttpResponse | null {
  if (request.method !== 'OPTIONS') return null;
  const wanted = request.headers['access-control-request-method'];
  const origin = originHeaders(request, allowed);
  if (!origin || wanted === undefined || !allowedMethods.includes(wanted)) return null;
  const headers = request.headers['access-control-request-headers'];
  const asked = headers === undefined ? [] : headers.split(',').map(name => name.trim());
  return {
    status: 200,
    headers: [
      ...origin,
      'Access-Control-Allow-Methods',
      allowedMethods.join(', '),
      'Access-Control-Allow-Headers',
      ['Authorization', ...asked, safelistedHeaders].join(', '),
      'Access-Control-Max-Age',
      '86400',
    ],
    body: null,
  };
}

/** Headers to add to the response of any other request; none for OPTIONS, which answers for itself. Pure. */
export function corsHeaders(request: HttpRequest, allowed: readonly string[]): readonly string[] {
  if (request.method === 'OPTIONS') return [];
  const origin = originHeaders(request, allowed);
  return origin ? [...origin, 'Access-Control-Expose-Headers', exposedHeaders] : [];
}

/** Null when the request names no origin, or one that is not allowed. */
function originHeaders(request: HttpRequest, allowed: readonly string[]): readonly string[] | null {
  const { origin } = request.headers;
  if (origin === undefined) return null;
  if (allowed.length === 0) return ['Access-Control-Allow-Origin', '*'];
  return allowed.includes(origin)
    ? ['Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true']
    : null;
}
