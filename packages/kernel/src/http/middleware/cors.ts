import { withHeaders } from '../respond.ts';
import type { HttpResponse } from '../types.ts';
import { type Middleware, mapResponse } from './compose.ts';

export interface CorsOptions {
  /** Origins as Hasura's list has them: `*`, `https://app.example.com`, `https://*.example.com`, `http://localhost:3000`. */
  readonly origins: readonly string[];
  readonly methods?: readonly string[];
  /** Response headers that scripts may read. */
  readonly exposedHeaders?: readonly string[];
  /** How long browsers may keep a preflight's answer. Default 1 h. */
  readonly maxAgeSeconds?: number;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const HEADER_LIST = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2048}$/;

/**
 * Answers preflights and adds the CORS headers, instead of any that the handler set itself.
 * Listed origins may send credentials; `*` lets everybody read, without credentials.
 * @throws {RangeError} naming the entry that isn't an origin.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function cors(options: CorsOptions): Middleware {
  const matches = originMatcher(options.origins);
  const any = options.origins.includes('*');
  const methods = (options.methods ?? METHODS).join(', ');
  const maxAge = String(options.maxAgeSeconds ?? 3600);
  const exposed = options.exposedHeaders?.length
    ? ['Access-Control-Expose-Headers', options.exposedHeaders.join(', ')]
    : [];
  const forAny = ['Access-Control-Allow-Origin', '*'];

  /** Headers that let this origin read, or none. */
  function grant(origin: string): readonly string[] {
    if (matches(origin)) {
      return [
        'Access-Control-Allow-Origin',
        origin,
        'Access-Control-Allow-Credentials',
        'true',
        'Vary',
        'Origin',
      ];
    }
    return any ? forAny : ['Vary', 'Origin'];
  }

  return inner => request => {
    const { origin } = request.headers;
    if (origin === undefined) {
      // What depends on Origin must say so also when none was sent, or a cache would serve it to browsers.
      return any
        ? inner(request)
        : mapResponse(inner(request), response => withHeaders(response, ['Vary', 'Origin']));
    }
    const granted = grant(origin);
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      const asked = request.headers['access-control-request-headers'];
      const allowed =
        asked !== undefined && HEADER_LIST.test(asked) ? ['Access-Control-Allow-Headers', asked] : [];
      const headers = [
        ...granted,
        'Access-Control-Allow-Methods',
        methods,
        ...allowed,
        'Access-Control-Max-Age',
        maxAge,
      ];
      return { status: 204, headers, body: null };
    }
    return mapResponse(inner(request), response =>
      withHeaders(withoutCors(response), [...granted, ...exposed]),
    );
  };
}

/** Whether an origin is listed; `*` alone is not answered here. */
function originMatcher(origins: readonly string[]): (origin: string) => boolean {
  const exact = new Set<string>();
  const patterns: { readonly scheme: string; readonly suffix: string }[] = [];
  for (const entry of origins) {
    if (entry === '*') continue;
    const match = /^([a-z][a-z0-9+.-]*:\/\/)(\*\.)?([a-z0-9.[\]:_-]+)$/i.exec(entry.replace(/\/$/, ''));
    if (match === null) throw new RangeError(`'${entry}' is not an origin such as https://app.example.com`);
    if (match[2] === undefined) exact.add(`${match[1]}${match[3]}`.toLowerCase());
    else patterns.push({ scheme: match[1]!.toLowerCase(), suffix: `.${match[3]!.toLowerCase()}` });
  }
  return origin => {
    const lower = origin.toLowerCase();
    if (exact.has(lower)) return true;
    return patterns.some(({ scheme, suffix }) => {
      if (!lower.startsWith(scheme) || !lower.endsWith(suffix)) return false;
      return /^[a-z0-9.-]+$/.test(lower.slice(scheme.length, lower.length - suffix.length));
    });
  };
}

function withoutCors(response: HttpResponse): HttpResponse {
  const { headers } = response;
  let found = false;
  for (let i = 0; i < headers.length; i += 2) found ||= isCors(headers[i]!);
  if (!found) return response;
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!isCors(headers[i]!)) kept.push(headers[i]!, headers[i + 1]!);
  }
  return { ...response, headers: kept };
}

/** Allow-* are replaced; Expose-Headers stays, since only the service knows its own. */
function isCors(name: string): boolean {
  return name.length > 20 && /^access-control-allow-/i.test(name);
}
