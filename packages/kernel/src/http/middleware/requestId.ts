import { randomUUID } from 'node:crypto';
import { withRequest } from '../request.ts';
import { withHeaders } from '../respond.ts';
import { type Middleware, mapResponse } from './compose.ts';

/** What is taken over from a client: nothing that could break a log line or grow without bound. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._:-]{7,127}$/;

/** Gives every request an id, the client's own when it is well-formed, and returns it as X-Request-Id. */
export function requestId(generate: () => string = randomUUID): Middleware {
  return inner => request => {
    const given = request.headers['x-request-id'];
    const accepted = given !== undefined && WELL_FORMED.test(given);
    const id = accepted ? given : generate();
    const named = accepted
      ? request
      : withRequest(request, { headers: { ...request.headers, 'x-request-id': id } });
    return mapResponse(inner(named), response => withHeaders(response, ['X-Request-Id', id]));
  };
}
