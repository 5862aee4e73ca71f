/** The HTTP edge: routes, who may ask, and what is thrown below becomes an answer here. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Handler, HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { errorBody } from './answer/errorPage.ts';
import type { Deps } from './deps.ts';
import { asImagesError, ImagesError } from './errors.ts';
import { answerInfo } from './info.ts';
import { landingPage } from './landing.ts';
import { answerPicture } from './request.ts';

const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";
const securityHeaders: readonly string[] = ['Content-Security-Policy', contentSecurityPolicy];

/** What a route answers. */
type Answer = (
  request: HttpRequest,
  requestId: string,
  signal: AbortSignal,
) => HttpResponse | Promise<HttpResponse>;

export function createEdge(deps: Deps): Handler {
  const { server } = deps.config;
  const routes = routesOf(deps);
  return async request => {
    if (/%(?![0-9A-Fa-f]{2})/.test(request.path)) return badRequest;
    const requestId = idOf(request.headers['x-request-id']);
    const start = performance.now();
    const own = routes(request);
    if (!own.silent) deps.emit({ kind: 'request' });
    const { response, error } = await settle(own.answer, request, requestId, deps);
    if (!own.silent) {
      const durationMs = performance.now() - start;
      deps.emit({
        kind: 'answer',
        requestId,
        target: request.target.slice(0, 2000),
        status: response.status,
        durationMs,
        ...(error !== null && { error: error.message }),
      });
    }
    const headers = [
      'Server',
      'imgproxy',
      'X-Request-Id',
      requestId,
      ...response.headers,
      ...securityHeaders,
    ];
    const cors =
      server.allowOrigin === '' || !own.cors
        ? []
        : ['Access-Control-Allow-Origin', server.allowOrigin, 'Access-Control-Allow-Methods', 'GET, OPTIONS'];
    return { ...response, headers: [...headers, ...cors] };
  };
}

/** To a path that is none. */
const badRequest: HttpResponse = {
  status: 400,
  headers: ['Content-Type', 'text/plain; charset=utf-8'],
  body: '400 Bad Request',
};

interface Route {
  readonly answer: Answer;
  /** Neither logged nor counted. */
  readonly silent: boolean;
  readonly cors: boolean;
}

function routesOf(deps: Deps): (request: HttpRequest) => Route {
  const { pathPrefix, healthPath, secret } = deps.config.server;
  const guarded = (answer: Answer): Answer =>
    secret === ''
      ? answer
      : (request, ...rest) => {
          assertSecret(request, secret);
          return answer(request, ...rest);
        };
  const picture: Route = {
    answer: guarded((request, id, signal) => answerPicture(request, id, deps, signal)),
    silent: false,
    cors: true,
  };
  const info: Route = {
    answer: guarded((request, _, signal) => answerInfo(request, deps, signal)),
    silent: false,
    cors: true,
  };
  const { ttl } = deps.config.answers;
  const control = ttl > 0 ? `max-age=${ttl}, public` : 'no-cache';
  const fixed = (body: string, type = 'text/plain', silent = true, freshness = control): Route => ({
    answer: () => ({ status: 200, headers: ['Content-Type', type, 'Cache-Control', freshness], body }),
    silent,
    cors: false,
  });
  const alive = fixed('imgproxy is running', 'text/plain', true, 'no-cache');
  const exact = new Map<string, Route>([
    [`${pathPrefix}/`, fixed(landingPage, 'text/html; charset=utf-8', false)],
    [`${pathPrefix}/health`, alive],
    [`${pathPrefix}/favicon.ico`, fixed(' ')],
    ...(healthPath === '' ? [] : [[`${pathPrefix}${healthPath}`, alive] as const]),
    ...(pathPrefix === ''
      ? []
      : [[pathPrefix, fixed(landingPage, 'text/html; charset=utf-8', false)] as const]),
  ]);
  const any = { ...fixed(' '), cors: true };
  const missing: Route = {
    answer: () => ({ status: 404, headers: ['Content-Type', 'text/plain'], body: ' ' }),
    silent: false,
    cors: false,
  };
  return ({ method, path }) => {
    if (!path.startsWith(`${pathPrefix}/`) && path !== pathPrefix) return missing;
    if (method === 'HEAD' || method === 'OPTIONS') return { ...any, cors: method === 'OPTIONS' };
    if (method !== 'GET') return missing;
    return exact.get(path) ?? (path.startsWith(`${pathPrefix}/info/`) ? info : picture);
  };
}

function assertSecret({ headers }: HttpRequest, secret: string): void {
  const given = Buffer.from(headers.authorization ?? '', 'latin1');
  const expected = Buffer.from(`Bearer ${secret}`);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new ImagesError('secret', 'Invalid secret');
  }
}

/** An answer in any case, within the time that a request may take. */
async function settle(
  answer: Answer,
  request: HttpRequest,
  requestId: string,
  deps: Deps,
): Promise<{ readonly response: HttpResponse; readonly error: ImagesError | null }> {
  const { timeoutMs, developmentErrors } = deps.config.server;
  const aborter = new AbortController();
  const timer = setTimeout(
    () => aborter.abort(new ImagesError('timeout', `The request took longer than ${timeoutMs / 1000} s.`)),
    timeoutMs,
  );
  request.onAborted(() => aborter.abort(new ImagesError('cancelled', 'The client has gone away.')));
  try {
    return { response: await answer(request, requestId, aborter.signal), error: null };
  } catch (thrown) {
    const error = asImagesError(thrown);
    deps.emit({ kind: 'error', category: error.category });
    const { type, text } = errorBody(error, developmentErrors, request.headers.accept ?? '');
    return { response: { status: error.status, headers: ['Content-Type', type], body: text }, error };
  } finally {
    clearTimeout(timer);
  }
}

/** The client's, when it can be shown again. */
function idOf(given: string | undefined): string {
  return given !== undefined && /^[A-Za-z0-9_-]{1,128}$/.test(given)
    ? given
    : randomBytes(15).toString('base64url');
}
