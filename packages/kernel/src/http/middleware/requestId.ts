import { randomUUID } from 'node:crypto';
import { withRequest } from '../request.ts';
import { responseHeader, withHeaders } from '../respond.ts';
import type { HttpRequest } from '../types.ts';
import { type Middleware, mapResponse } from './compose.ts';

/** What is taken over from a client: nothing that could break a log line or grow without bound. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._:-]{7,127}$/;

/** The request with its id in X-Request-Id: the client's own when it is well-formed, else a new one. */
export function identified(
  request: HttpRequest,
  generate: () => string = randomUUID,
): { readonly request: HttpRequest; readonly id: string } {
  const given = request.headers['x-request-id'];
  if (given !== undefined && WELL_FORMED.test(given)) return { request, id: given };
  const id = generate();
  return { request: withRequest(request, { headers: { ...request.headers, 'x-request-id': id } }), id };
}

/** Gives every request an id and returns it as X-Request-Id, unless the service has done so itself. */
export function requestId(generate?: () => string): Middleware {
  return inner => request => {
    const named = identified(request, generate);
    return mapResponse(inner(named.request), response =>
      responseHeader(response, 'x-request-id') === undefined
        ? withHeaders(response, ['X-Request-Id', named.id])
        : response,
    );
  };
}
