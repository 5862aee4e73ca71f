/** `/api/rest/*`: stored operations as endpoints. @see https://hasura.io/docs/2.0/restified/overview/ */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { matchEndpoint, variablesOf } from '../endpoints/match.ts';
import { HasuraError } from '../errors.ts';
import { readJson } from './body.ts';
import type { HttpContext, Route } from './context.ts';
import type { Told } from './log.ts';
import { jsonType } from './respond.ts';

const prefix = '/api/rest/';

/** The route of every path below. */
export const restRoute: Route = {
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  path: prefix,
  api: 'graphql',
  errors: 'metadata',
  answer: answerRest,
};

export function isRestPath(path: string): boolean {
  return path.startsWith(prefix);
}

async function answerRest(
  request: HttpRequest,
  { config, engine, metadata }: HttpContext,
  session: Session,
  told: Told,
): Promise<HttpResponse> {
  const match = matchEndpoint(metadata.model.endpoints, segmentsOf(request.path), request.method);
  if (match === null) throw new HasuraError('not-found', 'Endpoint not found', { status: 404 });
  if ('allowed' in match)
    throw new HasuraError('method-not-allowed', `Allowed methods: ${match.allowed.join(', ')}`);
  const aborter = new AbortController();
  request.onAborted(() => aborter.abort());
  const variables = variablesOf(
    match,
    new URLSearchParams(request.query),
    await bodyOf(request, session, config),
  );
  const answer = await engine.execute(
    { query: match.endpoint.query, operationName: null, variables },
    session,
    { kind: 'standard', signal: aborter.signal, headers: request.headers },
  );
  told.error = answer.error;
  if (answer.error) throw answer.error;
  const text = Buffer.concat(answer.body.map(part => (typeof part === 'string' ? Buffer.from(part) : part)));
  return {
    status: 200,
    headers: [...jsonType, ...answer.headers],
    // Without `{"data":` and its brace.
    body: text.subarray('{"data":'.length, text.length - 1),
  };
}

/** @throws {HasuraError} for a path that is badly escaped */
function segmentsOf(path: string): readonly string[] {
  try {
    return path.slice(prefix.length).split('/').map(decodeURIComponent);
  } catch (error) {
    throw new HasuraError('bad-request', 'the path is badly escaped', { cause: error });
  }
}

async function bodyOf(
  request: HttpRequest,
  session: Session,
  config: GraphqlConfig,
): Promise<Readonly<Record<string, unknown>>> {
  if (request.method === 'GET' || isEmpty(request)) return {};
  const body = await readJson(request, session, config);
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new HasuraError('bad-request', 'the body must be a JSON object of variables');
  return body as Record<string, unknown>;
}

function isEmpty({ headers }: HttpRequest): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}
