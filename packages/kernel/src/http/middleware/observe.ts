import type { Logger } from '../../log/index.ts';
import { bodyBytes, isStream } from '../plan.ts';
import type { HttpRequest, HttpResponse } from '../types.ts';
import { type Middleware, mapResponse } from './compose.ts';

/** Told of each response as it is handed to the connection; `durationMs` doesn't include sending a stream. */
export type ResponseListener = (request: HttpRequest, response: HttpResponse, durationMs: number) => void;

/** Times the handler. It must not throw: {@link recover} goes inside. */
export function observe(listener: ResponseListener): Middleware {
  return inner => request => {
    const started = performance.now();
    return mapResponse(inner(request), response => {
      listener(request, response, performance.now() - started);
      return response;
    });
  };
}

/** One `request` record a response. The query is left out: filters hold people's data, and some clients put tokens there. */
export function accessLog(log: Logger): ResponseListener {
  return (request, response, durationMs) => {
    const level = response.status >= 500 ? 'error' : 'info';
    if (!log.enabled(level)) return;
    log[level]('request', {
      method: request.method,
      path: request.path,
      status: response.status,
      ms: Math.round(durationMs * 1000) / 1000,
      ...(!isStream(response.body) && { bytes: bodyBytes(response.body) }),
      client: request.remoteAddress,
      request: request.headers['x-request-id'],
      agent: request.headers['user-agent'],
    });
  };
}
