/**
 * The HTTP edge around the engine: trace header, CORS, authentication, error bodies, Retry-After and the access log,
 * in the order in which the reference's middlewares nest.
 */
import type { Handler, HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Identity } from '@peakstone/kernel/request';
import type { RestConfig } from './config/types.ts';
import type { RestContext, RestEngine } from './context.ts';
import { answerPreflight, corsExtras, corsHeaders } from './edge/cors.ts';
import { hintByRole } from './edge/hints.ts';
import { reportFailure } from './engine/reportFailure.ts';
import { createEngine } from './engine.ts';
import { connectionErrors, type ErrorContext, type RestError, renderError, toRestError } from './errors.ts';
import { serverHeader } from './version.ts';

/** Makes the service's handler: the engine with its HTTP edge. `context` is read once a request. */
export function createRestHandler(context: () => RestContext): Handler {
  const engine = createEngine();
  return async request => {
    const current = context();
    const { config } = current;
    const preflight = answerPreflight(request, config.serverCorsAllowedOrigins, corsExtras(config.beyond));
    if (preflight) return { ...preflight, headers: [...traceHeaders(request, config), ...preflight.headers] };
    const response = await answer(request, current, engine);
    return {
      ...response,
      headers: [
        'Server',
        serverHeader,
        ...traceHeaders(request, config),
        ...corsHeaders(request, config.serverCorsAllowedOrigins, corsExtras(config.beyond)),
        ...response.headers,
      ],
    };
  };
}

async function answer(request: HttpRequest, context: RestContext, engine: RestEngine): Promise<HttpResponse> {
  let identity: Identity | null = null;
  let response: HttpResponse;
  try {
    const { config, catalog, pool, emit } = context;
    const startedAt = config.serverTimingEnabled ? performance.now() : 0;
    identity = context.authenticate(request.headers.authorization);
    const jwtMs = config.serverTimingEnabled ? performance.now() - startedAt : null;
    if (!catalog) throw missingCatalog(context);
    const { renewCatalog } = context;
    response = await engine({ request, identity, config, catalog, pool, emit, renewCatalog, jwtMs });
  } catch (error) {
    response = await refuse(error, request, identity, context);
  }
  context.emit({ kind: 'response', request, role: identity?.role ?? null, response });
  return response;
}

function missingCatalog(context: RestContext): RestError {
  context.emit({ kind: 'catalogMissing' });
  return connectionErrors.catalogMissing();
}

async function refuse(
  error: unknown,
  request: HttpRequest,
  identity: Identity | null,
  context: RestContext,
): Promise<HttpResponse> {
  const errorContext: ErrorContext = {
    authenticated: identity !== null && !identity.isAnonymous,
    verbosity: context.config.clientErrorVerbosity,
    retryAfterSeconds: context.retryAfterSeconds,
  };
  const refusal = toRestError(error, errorContext.authenticated);
  reportFailure(refusal, error, context.emit);
  if (!identity || !context.config.beyond.hintsByRole) return renderError(refusal, errorContext);
  return renderError(await inLightOfRole(refusal, request, identity, context), errorContext);
}

/** What cannot be found out is left out: the refusal itself must arrive. */
async function inLightOfRole(
  refusal: RestError,
  request: HttpRequest,
  identity: Identity,
  { config, pool, emit }: RestContext,
): Promise<RestError> {
  try {
    return await hintByRole(refusal, { request, identity, config, pool });
  } catch (error) {
    emit({ kind: 'queryFailed', error });
    return refusal.telling({ hint: null });
  }
}

/** Passes the request's header of that name back, empty when the request has none. */
function traceHeaders(request: HttpRequest, { serverTraceHeader }: RestConfig): readonly string[] {
  if (serverTraceHeader === null) return [];
  return [serverTraceHeader, request.headers[serverTraceHeader.toLowerCase()] ?? ''];
}
