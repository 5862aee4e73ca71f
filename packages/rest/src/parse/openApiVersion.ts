/** Which OpenAPI version the root is asked for, beyond the reference: it has 2.0 alone. */

export type OpenApiVersion = '2.0' | '3.1';

const versionParameter = /(?:^|&)openapi=(?:2\.0|3\.1)(?=&|$)/;

/** The root's query without `openapi=`, which would be taken for a filter. Pure. */
export const withoutVersion = (query: string): string =>
  query.replace(versionParameter, '').replace(/^&/, '');

/**
 * The version a request asks for: `?openapi=3.1` or `Accept: application/openapi+json;version=3.1`; 2.0, which the
 * reference's clients expect, unless asked. Pure.
 */
export function requestedVersion(accept: string | undefined, query: string): OpenApiVersion {
  const asked =
    /(?:^|&)openapi=3\.1(?:&|$)/.test(query) ||
    /application\/openapi\+json\s*;\s*version\s*=\s*"?3\.1/i.test(accept ?? '');
  return asked ? '3.1' : '2.0';
}
