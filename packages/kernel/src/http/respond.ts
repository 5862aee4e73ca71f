import { HttpError } from './errors.ts';
import type { HttpResponse } from './types.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** A JSON response. `headers` are flat and come after Content-Type. */
export function jsonResponse(status: number, value: unknown, headers: readonly string[] = []): HttpResponse {
  return { status, headers: ['Content-Type', JSON_TYPE, ...headers], body: JSON.stringify(value) };
}

/** A plain text response. */
export function textResponse(status: number, text: string, headers: readonly string[] = []): HttpResponse {
  return { status, headers: ['Content-Type', 'text/plain; charset=utf-8', ...headers], body: text };
}

/**
 * The response for what a handler threw. Only an {@link HttpError}'s own words reach the client;
 * anything else is `Internal Server Error`, because its message may hold data.
 */
export function errorResponse(error: unknown): HttpResponse {
  if (error instanceof HttpError) {
    return jsonResponse(error.status, { message: error.message, hint: error.hint }, error.headers);
  }
  return jsonResponse(500, { message: 'Internal Server Error', hint: null });
}

/** First value of a response header, by lower-case name. */
export function responseHeader(response: HttpResponse, name: string): string | undefined {
  const { headers } = response;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}

/** The same response with more headers at its end. */
export function withHeaders(response: HttpResponse, headers: readonly string[]): HttpResponse {
  return headers.length === 0 ? response : { ...response, headers: [...response.headers, ...headers] };
}
