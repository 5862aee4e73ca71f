/**
 * What is told of each request, in the form of the reference's `http-log`. Neither the query nor its variables, which hold what
 * users type, passwords among it; of a refusal its code, path and sentence.
 * @see https://hasura.io/docs/2.0/deployment/logging/#http-log-structure
 */
import type { HttpBody, HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Session } from '../auth/types.ts';
import { showPath } from '../errors/path.ts';
import type { HasuraError } from '../errors.ts';

/** What the routes know of a request and an answer does not tell. */
export interface Told {
  session: Session | null;
  /** Of a batch, the first that was refused. */
  error: HasuraError | null;
  operationName: string | null;
  mode: 'single' | 'batched';
}

export const nothingTold = (): Told => ({ session: null, error: null, operationName: null, mode: 'single' });

/** One line, without its end. Pure. @param durationMs from the head of the request to its answer */
export function httpLogLine(
  request: Pick<HttpRequest, 'method' | 'target' | 'headers' | 'remoteAddress'>,
  { status, body }: Pick<HttpResponse, 'status' | 'body'>,
  { session, error, operationName, mode }: Told,
  durationMs: number,
  now: Date,
): string {
  const size = sizeOf(body);
  const requestId = request.headers['x-request-id'] ?? null;
  return JSON.stringify({
    type: 'http-log',
    timestamp: now.toISOString().replace('Z', '+0000'),
    level: error === null ? 'info' : 'error',
    detail: {
      operation: {
        user_vars: session === null ? null : userVariables(session),
        ...(error !== null && {
          error: { path: showPath(error.path), error: error.message, code: error.code },
        }),
        ...(operationName !== null && { operation_name: operationName }),
        request_id: requestId,
        request_mode: mode,
        ...(size !== null && { response_size: size, uncompressed_response_size: size }),
        query_execution_time: durationMs / 1000,
      },
      request_id: requestId,
      http_info: {
        status,
        http_version: 'HTTP/1.1',
        // A query that came in the address is one all the same.
        url: request.target.split('?', 1)[0],
        ip: request.remoteAddress,
        method: request.method,
        content_encoding: null,
      },
    },
  });
}

/** Who asked, and nothing else of what a token holds. */
function userVariables({ role, variables }: Session): Record<string, string> {
  const user = variables.get('x-hasura-user-id');
  return { 'x-hasura-role': role, ...(user !== undefined && { 'x-hasura-user-id': user }) };
}

function sizeOf(body: HttpBody): number | null {
  if (body === null) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.length;
  return Array.isArray(body) ? body.reduce((sum: number, part: Uint8Array) => sum + part.length, 0) : null;
}
