/**
 * Sessions from a webhook, which is asked with the headers of each request.
 * @see https://hasura.io/docs/2.0/auth/authentication/webhook/
 */
import type { AuthConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';
import { connectionHeaders } from './connectionHeaders.ts';
import { accessDenied, type Verify } from './session.ts';

const timeoutMs = 60_000;
const maxBytes = 1024 * 1024;
export function createWebhookVerify({ url, mode, sendRequestBody }: NonNullable<AuthConfig['hook']>): Verify {
  return async (headers, body) => {
    const forwarded = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || connectionHeaders.has(name) ? [] : [[name, value] as const],
    );
    const signal = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response =
        mode === 'GET'
          ? await fetch(url, { headers: forwarded.map(pair => [...pair] as [string, string]), signal })
          : await fetch(url, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({
                headers: Object.fromEntries(forwarded),
                ...(sendRequestBody && body !== undefined && { request: requestOf(body) }),
              }),
              signal,
            });
    } catch (error) {
      throw new HasuraError('unexpected', 'webhook authentication request failed', {
        cause: error,
        internal: 'http exception',
      });
    }
    if (response.status === 401) throw accessDenied('Authentication hook unauthorized this request');
    if (response.status !== 200)
      throw new HasuraError('unexpected', 'Invalid response from authorization hook');
    const text = await response.text();
    if (text.length > maxBytes)
      throw new HasuraError('unexpected', 'Invalid response from authorization hook');
    return sessionFrom(text, response.headers.getSetCookie());
  };
}

function requestOf(body: unknown): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return body;
  const { query, operationName, variables } = body as Record<string, unknown>;
  return { query, operationName: operationName ?? null, variables: variables ?? null };
}

function sessionFrom(text: string, cookies: readonly string[]) {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new HasuraError('unexpected', 'parsing the answer of the authorization hook failed', {
      cause: error,
    });
  }
  if (answer === null || typeof answer !== 'object' || Array.isArray(answer))
    throw new HasuraError('unexpected', 'Invalid response from authorization hook');
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(answer))
    if (/^x-hasura-/i.test(name) && typeof value === 'string') variables.set(name.toLowerCase(), value);
  const role = variables.get('x-hasura-role');
  if (role === undefined)
    throw new HasuraError('invalid-params', '"x-hasura-role" not found in session variables');
  const { expires } = expiryOf(answer as Record<string, unknown>);
  return {
    role,
    variables,
    isAdmin: false,
    isBackend: false,
    claimsJson: null,
    expiresAtMs: expires,
    ...(cookies.length > 0 && { setCookies: cookies }),
  };
}

/** `Cache-Control: max-age=…` or `Expires` of the answer say how long it holds. */
function expiryOf(answer: Record<string, unknown>): { readonly expires: number | null } {
  const members = Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const age = /max-age=(\d+)/.exec(String(members['cache-control'] ?? ''));
  if (age) return { expires: Date.now() + Number(age[1]) * 1000 };
  const at = Date.parse(String(members.expires ?? ''));
  return { expires: Number.isNaN(at) ? null : at };
}
