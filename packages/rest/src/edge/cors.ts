/**
 * Cross-origin requests: setting `server-cors-allowed-origins`.
 * @see https://docs.postgrest.org/en/stable/references/api/cors.html
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { BeyondConfig } from '../config/beyond.ts';

const allowedMethods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'];
const safelistedHeaders = 'Accept, Accept-Language, Content-Language';
const exposedHeaders =
  'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit';

/** What settings beyond the reference add. */
export interface CorsExtras {
  readonly methods: readonly string[];
  readonly exposed: readonly string[];
}

const noExtras: CorsExtras = { methods: [], exposed: [] };

/** What browsers must be allowed to send and to read for what settings have turned on. Pure. */
export function corsExtras({ queryMethod, keyset, etag }: BeyondConfig): CorsExtras {
  if (!queryMethod && !keyset && !etag) return noExtras;
  return {
    methods: queryMethod ? ['QUERY'] : [],
    exposed: [
      ...(keyset ? ['Link'] : []),
      ...(etag ? ['ETag'] : []),
      ...(queryMethod ? ['Accept-Query'] : []),
    ],
  };
}

/**
 * The answer to a preflight request of an allowed origin, else null: whatever is not a sound preflight is answered as an
 * ordinary request, and the browser draws its own conclusion. Pure.
 */
export function answerPreflight(
  request: HttpRequest,
  allowed: readonly string[],
  extra: CorsExtras = noExtras,
): HttpResponse | null {
  if (request.method !== 'OPTIONS') return null;
  const methods = extra.methods.length === 0 ? allowedMethods : [...allowedMethods, ...extra.methods];
  const wanted = request.headers['access-control-request-method'];
  const origin = originHeaders(request, allowed);
  if (!origin || wanted === undefined || !methods.includes(wanted)) return null;
  const headers = request.headers['access-control-request-headers'];
  const allowedHeaders = headers
    ? ['Authorization', ...headers.split(',').map(name => name.trim()), safelistedHeaders]
    : [];
  return {
    status: 200,
    headers: [
      ...origin,
      'Access-Control-Allow-Methods',
      methods.join(', '),
      ...(allowedHeaders.length === 0 ? [] : ['Access-Control-Allow-Headers', allowedHeaders.join(', ')]),
      'Access-Control-Max-Age',
      '86400',
    ],
    body: null,
  };
}

/** Headers to add to the response of any other request; none for OPTIONS, which answers for itself. Pure. */
export function corsHeaders(
  request: HttpRequest,
  allowed: readonly string[],
  extra: CorsExtras = noExtras,
): readonly string[] {
  if (request.method === 'OPTIONS') return [];
  const origin = originHeaders(request, allowed);
  const exposed = [exposedHeaders, ...extra.exposed].join(', ');
  return origin ? [...origin, 'Access-Control-Expose-Headers', exposed] : [];
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
