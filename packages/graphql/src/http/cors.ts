/** Which origins may call from a browser. @see https://hasura.io/docs/2.0/deployment/serve-console-locally/ */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { CorsConfig } from '../config/types.ts';

/** The answer to a browser that asks beforehand; null for every other request. */
export function answerPreflight(request: HttpRequest, config: CorsConfig): HttpResponse | null {
  if (request.method !== 'OPTIONS' || config.disabled) return null;
  const origin = request.headers.origin;
  const method = request.headers['access-control-request-method'];
  if (origin === undefined || method === undefined) return null;
  return {
    status: 204,
    headers: [
      ...corsHeaders(request, config),
      'Access-Control-Max-Age',
      '1728000',
      'Access-Control-Allow-Headers',
      request.headers['access-control-request-headers'] ?? '*',
      'Content-Length',
      '0',
    ],
    body: null,
  };
}

export function corsHeaders({ headers: { origin } }: HttpRequest, config: CorsConfig): readonly string[] {
  if (config.disabled || origin === undefined || !isAllowed(origin, config.domains)) return [];
  return [
    'Access-Control-Allow-Origin',
    origin,
    'Access-Control-Allow-Credentials',
    'true',
    'Access-Control-Allow-Methods',
    'GET,POST,PUT,PATCH,DELETE,OPTIONS',
    'Vary',
    'Origin',
  ];
}

/** `https://*.example.com` stands for every host below, not for the domain itself. */
export function isAllowed(origin: string, domains: readonly string[]): boolean {
  return domains.some(domain => {
    if (domain === '*') return true;
    const star = domain.indexOf('*.');
    if (star < 0) return origin === domain;
    const head = domain.slice(0, star);
    const tail = domain.slice(star + 1);
    const host = origin.slice(head.length, origin.length - tail.length);
    return origin.startsWith(head) && origin.endsWith(tail) && /^[A-Za-z0-9-]+$/.test(host);
  });
}
