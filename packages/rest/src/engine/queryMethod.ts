/**
 * The method QUERY: a read whose query string comes in the body, for filters longer than a URL may be.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpbis-safe-method-w-body/
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { RestCall } from '../context.ts';
import { beyondErrors } from '../errors.ts';

const accepted = 'application/x-www-form-urlencoded';
const maxBodyBytes = 4 * 1024 * 1024;

/**
 * The same request as a GET, with the body behind the URL's own query.
 * @throws {RestError} PEAK110 for a body of another type, PGRST102 (413) for one of more than 4 MiB.
 */
export async function asRead(call: RestCall): Promise<RestCall> {
  const { request } = call;
  const type = request.headers['content-type'] ?? '';
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== accepted) {
    throw beyondErrors.unsupportedQueryType(type === '' ? 'none' : type, accepted);
  }
  // Bytes that a client left unencoded are kept as such, as in a URL.
  const body = (await request.body(maxBodyBytes)).toString('latin1').replace(/[\r\n]+$/, '');
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

/** Names QUERY among the methods of whatever can be read, and the type that its body takes. */
export function allowingQuery(response: HttpResponse): HttpResponse {
  const headers = response.headers.map((value, i, all) =>
    all[i - 1] === 'Allow' && i % 2 === 1 ? value.replace('GET,HEAD', 'GET,HEAD,QUERY') : value,
  );
  return { ...response, headers: [...headers, 'Accept-Query', accepted] };
}
