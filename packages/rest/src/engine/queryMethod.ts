/**
 * The method QUERY: a read whose query string comes in the body, for filters longer than a URL may be.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpbis-safe-method-w-body/
 */
import { HttpError, type HttpRequest, type HttpResponse } from '@peakstone/kernel/http';
import type { RestCall } from '../context.ts';
import { beyondErrors } from '../errors.ts';

const accepted = 'application/x-www-form-urlencoded';
/** A query string is parsed in one go, which holds everybody else up: 20 ms for as much as this, a second for 4 MiB. */
const maxBodyBytes = 64 * 1024;

/**
 * The same request as a GET, with the body behind the URL's own query.
 * @throws {RestError} PEAK110 for a body of another type, PEAK111 for one of more than 64 KiB.
 */
export async function asRead(call: RestCall): Promise<RestCall> {
  const { request } = call;
  const type = request.headers['content-type'] ?? '';
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== accepted) {
    throw beyondErrors.unsupportedQueryType(type === '' ? 'none' : type, accepted);
  }
  // Bytes that a client left unencoded are kept as such, as in a URL.
  const body = (await receive(request)).toString('latin1').replace(/[\r\n]+$/, '');
  const query = [request.query, body].filter(part => part !== '').join('&');
  const read: HttpRequest = {
    method: 'GET',
    target: request.target,
    path: request.path,
    query,
    headers: request.headers,
    remoteAddress: request.remoteAddress,
    body: maxBytes => request.body(maxBytes),
    hold: bytes => request.hold(bytes),
    stream: () => request.stream(),
    onAborted: listener => request.onAborted(listener),
  };
  return { ...call, request: read, urlQuery: request.query };
}

function receive(request: HttpRequest): Promise<Buffer> {
  return request.body(maxBodyBytes).catch((error: unknown) => {
    throw error instanceof HttpError && error.status === 413
      ? beyondErrors.queryTooLong(maxBodyBytes, error)
      : error;
  });
}

/** Names QUERY among the methods of whatever can be read, and the type that its body takes. */
export function allowingQuery(response: HttpResponse): HttpResponse {
  const headers = response.headers.map((value, i, all) =>
    all[i - 1] === 'Allow' && i % 2 === 1 ? value.replace('GET,HEAD', 'GET,HEAD,QUERY') : value,
  );
  return { ...response, headers: [...headers, 'Accept-Query', accepted] };
}
