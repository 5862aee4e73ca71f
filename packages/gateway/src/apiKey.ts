import type { HttpRequest } from '@peakstone/kernel/http';

const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/**
 * Headers with Supabase's `apikey` taken for a bearer token when the client sent no Authorization;
 * supabase-js sends both, others only `apikey`. Keys that aren't JWTs stay what they are. Pure.
 */
export function withBearer(headers: HttpRequest['headers']): HttpRequest['headers'] {
  const { apikey } = headers;
  if (apikey === undefined || headers.authorization !== undefined || !JWT.test(apikey)) return headers;
  return { ...headers, authorization: `Bearer ${apikey}` };
}
