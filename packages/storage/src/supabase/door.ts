/** From an HTTP request under /storage/v1 to its answer: route, caller, work; and refusals, rendered here. */
import { randomBytes } from 'node:crypto';
import {
  type Handler,
  type HttpRequest,
  type HttpResponse,
  jsonResponse,
  textResponse,
  withHeaders,
  withRequest,
} from '@peakstone/kernel/http';
import type { Caller } from '../records/database.ts';
import { CorruptionError } from '../store/rows.ts';
import { decodePath } from '../wire/target.ts';
import type { Door } from './call.ts';
import { preflight, withCors } from './cors.ts';
import { malformed, refusalOf, renderError, StorageError } from './errors.ts';
import { findRoute, type Matched } from './routes.ts';
import { anonymous, serviceRole } from './tokens.ts';
import { TusError, tusResponse } from './tus/tusError.ts';

/** Kept in step with what clients look for. */
const version = '1.0.0';

/** @param base what stands before the API in the path: `/v1` */
export function createStorageApi(door: Door, base: string): Handler {
  return async http => {
    const requestId = randomBytes(8).toString('hex');
    const answer = preflight(http) ?? (await answerRequest(door, splitAtToken(http), base, requestId));
    return withCors(http, answer);
  };
}

async function answerRequest(
  door: Door,
  http: HttpRequest,
  base: string,
  requestId: string,
): Promise<HttpResponse> {
  const path = http.path.slice(base.length + 1);
  if (http.method === 'GET' && path === 'status') return { status: 200, headers: [], body: '' };
  if (http.method === 'GET' && path === 'version') return textResponse(200, version);
  if (http.method === 'GET' && path === 'health') return await tellHealth(door);
  const matched = findRoute(http.method, path);
  if (matched === undefined) return notFound(http);
  const left = new AbortController();
  http.onAborted(() => left.abort());
  try {
    return withoutBody(http, await run(door, http, matched, left.signal));
  } catch (error) {
    // What was cancelled for somebody who has left is nobody's failure, and nobody reads of it.
    if (left.signal.aborted) return renderError(new StorageError('InternalError'));
    if (error instanceof TusError) return withoutBody(http, tusResponse(error.status, error.message));
    const refusal = explain(error, door, http, requestId);
    const isTus = path.startsWith('upload/resumable');
    return withoutBody(http, isTus ? tusResponse(refusal.statusCode, refusal.message) : renderError(refusal));
  }
}

/** Clients leave a question mark of a key as it is: of a signed URL the last one begins the query. */
function splitAtToken(http: HttpRequest): HttpRequest {
  const { target, path } = http;
  const mark = target.lastIndexOf('?token=');
  if (mark <= path.length) return http;
  return withRequest(http, {
    target: `${target.slice(0, mark).replaceAll('?', '%3F')}${target.slice(mark)}`,
  });
}

async function run(
  door: Door,
  http: HttpRequest,
  { route, bucket, key }: Matched,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { caller, isAuthenticated } = callerOf(door, http, route.asks);
  return await route.run({
    door,
    http,
    bucket: decodePath(bucket),
    key: decodePath(key),
    query: new URLSearchParams(http.query),
    caller,
    isAuthenticated,
    signal,
    asked: { operation: route.operation, method: http.method, path: http.path, headers: http.headers },
  });
}

interface Identified {
  readonly caller: Caller;
  readonly isAuthenticated: boolean;
}

/** @throws {StorageError} InvalidRequest, AccessDenied */
function callerOf({ tokens }: Door, { headers }: HttpRequest, asks: Matched['route']['asks']): Identified {
  const nobody = { caller: anonymous, isAuthenticated: false };
  if (asks === 'none') return nobody;
  // A key alone says who calls as well as a token.
  const { authorization = headers.apikey && `Bearer ${headers.apikey}` } = headers;
  if (authorization === undefined) {
    if (asks === 'any') return nobody;
    throw malformed("headers must have required property 'authorization'");
  }
  try {
    const caller = tokens.identify(authorization.replace(/^Bearer\s+/i, ''));
    if (asks === 'service' && caller.role !== serviceRole)
      throw new StorageError('AccessDenied', 'Access denied: Invalid role', { status: 403 });
    return { caller, isAuthenticated: true };
  } catch (error) {
    if (asks === 'any' && error instanceof StorageError) return nobody;
    throw error;
  }
}

function explain(error: unknown, { server }: Door, request: HttpRequest, requestId: string): StorageError {
  if (error instanceof CorruptionError) server.emit({ kind: 'corruption', what: request.path, error });
  const refusal = error instanceof CorruptionError ? undefined : refusalOf(error);
  if (refusal === undefined || refusal.status >= 500) {
    if (!(error instanceof CorruptionError)) server.emit({ kind: 'failed', requestId, request, error });
  }
  return refusal ?? new StorageError('InternalError');
}

async function tellHealth({ database }: Door): Promise<HttpResponse> {
  try {
    await database.rows(anonymous, 'select pg_catalog.to_json(1)', []);
    return jsonResponse(200, { healthy: true });
  } catch {
    // Why is for the log of whoever asks it for something.
    return jsonResponse(503, { healthy: false });
  }
}

function notFound({ method, path }: HttpRequest): HttpResponse {
  return jsonResponse(404, {
    message: `Route ${method}:${path} not found`,
    error: 'Not Found',
    statusCode: '404',
  });
}

function withoutBody({ method }: HttpRequest, answer: HttpResponse): HttpResponse {
  return method === 'HEAD' ? { ...withHeaders(answer, []), body: null } : answer;
}
