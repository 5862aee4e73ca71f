import type { HttpRequest } from './types.ts';

/** The same request with other headers, target or address; body reading stays with the original. */
export function withRequest(
  request: HttpRequest,
  change: {
    target?: string;
    headers?: Readonly<Record<string, string | undefined>>;
    body?: HttpRequest['body'];
    stream?: HttpRequest['stream'];
  },
): HttpRequest {
  const target = change.target ?? request.target;
  const mark = target.indexOf('?');
  return {
    method: request.method,
    target,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: change.headers ?? request.headers,
    rawHeaders: change.headers ? undefined : request.rawHeaders,
    remoteAddress: request.remoteAddress,
    body: change.body ?? (maxBytes => request.body(maxBytes)),
    hold: bytes => request.hold(bytes),
    stream: change.stream ?? (() => request.stream()),
    onAborted: listener => request.onAborted(listener),
  };
}
