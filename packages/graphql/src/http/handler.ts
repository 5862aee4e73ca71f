/** The HTTP edge: which route answers, who asks, and what is thrown as an answer. */

import {
  type Handler,
  HttpError,
  type HttpRequest,
  type HttpResponse,
  withRequest,
} from '@peakstone/kernel/http';
import type { Session } from '../auth/types.ts';
import { graphqlErrors, HasuraError, metadataError } from '../errors.ts';
import { configRoutes } from './config.ts';
import type { HttpContext, Route } from './context.ts';
import { answerPreflight, corsHeaders } from './cors.ts';
import { developerRoutes } from './developer.ts';
import { graphqlRoutes } from './graphql.ts';
import { nothingTold, type Told } from './log.ts';
import { metadataRoutes } from './metadata.ts';
import { metricsRoutes } from './metrics.ts';
import { openapiRoutes } from './openapi.ts';
import { json } from './respond.ts';
import { isRestPath, restRoute } from './rest.ts';
import { statusRoutes } from './status.ts';

export interface HandlerOptions {
  /** Of further parts of the server. */
  readonly routes?: readonly Route[];
  /** Told of what is no client's fault. */
  readonly onFault: (error: unknown, request: HttpRequest) => void;
  /** Told of each request that somebody was asked for who he is, when it is answered. */
  readonly onAnswered?: (
    request: HttpRequest,
    response: HttpResponse,
    told: Told,
    durationMs: number,
  ) => void;
}

/** `context` is read once a request. */
export function createHandler(
  context: () => HttpContext,
  { routes = [], onFault, onAnswered }: HandlerOptions,
): Handler {
  const table = new Map(
    [
      ...graphqlRoutes,
      ...metadataRoutes,
      ...configRoutes,
      ...developerRoutes,
      ...metricsRoutes,
      ...openapiRoutes,
      ...statusRoutes,
      ...routes,
    ].map(route => [route.path, route]),
  );
  return async request => {
    const current = context();
    const preflight = answerPreflight(request, current.config.cors);
    if (preflight) return preflight;
    const route = isRestPath(request.path) ? restRoute : table.get(request.path);
    const told = nothingTold();
    const began = performance.now();
    const response = await answer(request, route, current, told, onFault);
    if (route !== undefined && !route.isOpen)
      onAnswered?.(request, response, told, performance.now() - began);
    return { ...response, headers: [...response.headers, ...corsHeaders(request, current.config.cors)] };
  };
}

async function answer(
  request: HttpRequest,
  route: Route | undefined,
  context: HttpContext,
  told: Told,
  onFault: HandlerOptions['onFault'],
): Promise<HttpResponse> {
  if (!route?.methods.includes(request.method) || (route.api && !context.config.enabledApis.has(route.api)))
    return json(404, JSON.stringify({ code: 'not-found', error: 'resource does not exist', path: '$' }));
  try {
    if (route.isOpen) return await route.answer(request, context, nobody, told);
    const read = context.config.auth.hook ? await readAhead(request, context) : request;
    const session = await context.authenticate(
      request.headers,
      read === request ? undefined : parsed(await read.body()),
    );
    told.session = session;
    const response = await route.answer(read, context, session, told);
    const cookies = (session.setCookies ?? []).flatMap(cookie => ['Set-Cookie', cookie]);
    return cookies.length > 0 ? { ...response, headers: [...response.headers, ...cookies] } : response;
  } catch (error) {
    if (error instanceof HttpError) throw error;
    const refusal = error instanceof HasuraError ? error : internal(error);
    if (!(error instanceof HasuraError)) onFault(error, request);
    told.error = refusal;
    return render(refusal, route, told.session, context);
  }
}

/** The body beforehand, as the webhook that says who asks may want to see it. */
async function readAhead(request: HttpRequest, { config }: HttpContext): Promise<HttpRequest> {
  const bytes = await request.body(config.limits.maxBodyBytes);
  return withRequest(request, { body: async () => bytes });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    // Refused by the route, in its own words.
    return undefined;
  }
}

const nobody: Session = {
  role: '',
  variables: new Map(),
  isAdmin: false,
  isBackend: false,
  claimsJson: null,
  expiresAtMs: null,
};

function internal(cause: unknown): HasuraError {
  return new HasuraError('unexpected', 'internal server error', { cause });
}

function render(
  error: HasuraError,
  { errors }: Route,
  session: Session | null,
  { config }: HttpContext,
): HttpResponse {
  const options = {
    showInternal: config.devMode || (config.adminInternalErrors && session?.role === 'admin'),
  };
  switch (errors) {
    case 'graphql':
      return json(error.status === 413 ? 413 : 200, graphqlErrors([error], options));
    case 'graphqlStatus':
      return json(error.status === 401 ? 400 : error.status, graphqlErrors([error], options));
    case 'metadata':
      return json(error.status, metadataError(error, options));
  }
}
