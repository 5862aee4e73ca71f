import type { HttpResponse } from '@peakstone/kernel/http';

/** Fields whose value is an address that the client may follow. */
const ADDRESSES = new Set(['location', 'content-location']);

/**
 * The answer of a service that knows nothing of the prefix under which it is served: paths in Location and
 * Content-Location get it. Addresses with a host of their own, and those relative to the request's, stay. Pure.
 */
export function withPrefix(response: HttpResponse, prefix: string): HttpResponse {
  const { headers } = response;
  let changed: string[] | null = null;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (!ADDRESSES.has(headers[i]!.toLowerCase()) || !/^\/(?!\/)/.test(headers[i + 1]!)) continue;
    changed ??= [...headers];
    changed[i + 1] = prefix + headers[i + 1];
  }
  return changed === null ? response : { ...response, headers: changed };
}
