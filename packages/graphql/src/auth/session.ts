/** Who asks, by the headers of a request: admin secret, token, webhook or nobody in particular. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigError } from '@peakstone/kernel/config';
import type { HttpRequest } from '@peakstone/kernel/http';
import { parseConninfo } from '@peakstone/kernel/pg';
import { isRoleName } from '@peakstone/kernel/request';
import type { GraphqlConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';
import { adminRole, type Session } from './types.ts';

export type Headers = HttpRequest['headers'];

/** @throws {HasuraError} access-denied and its kin */
export type Authenticate = (headers: Headers, body?: unknown) => Promise<Session>;

/** What finds a session where neither secret nor its absence decides: tokens, or a webhook. */
export type Verify = (headers: Headers, body: unknown) => Promise<Session | null>;

const secretHeader = 'x-hasura-admin-secret';
const oldSecretHeader = 'x-hasura-access-key';

/**
 * Makes the authenticator of a configuration. Session variables are believed of who knows the admin secret, of a verified
 * token and of the webhook; what anybody else sends is not looked at, but for variables that the settings name.
 * @throws {ConfigError} for a role that strangers cannot have
 */
export function createAuthenticate(config: GraphqlConfig, verify: Verify | null): Authenticate {
  const { auth, authorization } = config;
  const { adminSecrets, unauthorizedRole } = auth;
  if (authorization === 'rls' && unauthorizedRole === adminRole)
    throw new ConfigError('HASURA_GRAPHQL_UNAUTHORIZED_ROLE', 'a role of the database, such as web_anon', {
      got: adminRole,
    });
  const secrets = adminSecrets.map(digest);
  const assertRole = authorization === 'rls' ? roleAssertion(config) : (session: Session) => session;
  return async (headers, body) => {
    if (secrets.length === 0) return sessionOf(headers, { isAdmin: true, fallback: adminRole });
    const given = headers[secretHeader] ?? headers[oldSecretHeader];
    if (given !== undefined) {
      const hash = digest(given);
      if (secrets.some(secret => timingSafeEqual(secret, hash)))
        return sessionOf(headers, { isAdmin: true, fallback: adminRole });
      throw accessDenied('invalid "x-hasura-admin-secret"/"x-hasura-access-key"');
    }
    const verified = verify ? await verify(headers, body) : null;
    if (verified) return assertRole(verified);
    if (unauthorizedRole !== null) return strangerOf(headers, unauthorizedRole, auth.unauthorizedVariables);
    if (auth.jwt.length > 0)
      throw new HasuraError(
        'invalid-headers',
        "Missing 'Authorization' or 'Cookie' header in JWT authentication mode",
      );
    throw accessDenied('"x-hasura-admin-secret"/"x-hasura-access-key" required, but not found');
  };
}

function digest(text: string): Buffer {
  return createHash('sha512').update(text).digest();
}

export function accessDenied(message: string): HasuraError {
  return new HasuraError('access-denied', message, { status: 401 });
}

interface SessionOptions {
  readonly isAdmin: boolean;
  readonly fallback: string;
}

/**
 * What a token or a webhook may name where the database decides: a role that requests come under. The administrator asks as
 * the login, whom no policy holds, and no request is an account that logs in.
 */
function roleAssertion({
  databaseUrl,
  metadataDatabaseUrl,
  requestLogin,
}: GraphqlConfig): (session: Session) => Session {
  const logins = new Set([
    ...[databaseUrl, metadataDatabaseUrl].flatMap(url => (url === null ? [] : parseConninfo(url).user)),
    ...(requestLogin ? [requestLogin.role] : []),
  ]);
  return session => {
    const { role } = session;
    if (role === adminRole)
      throw new HasuraError('access-denied', `role "${adminRole}" is that of the admin secret alone`, {
        status: 400,
      });
    if (!isRoleName(role) || logins.has(role)) throw accessDenied(`role "${role}" does not exist`);
    return session;
  };
}

/** Who has shown nothing: the role, and of the variables those that anybody may choose. */
function strangerOf(headers: Headers, role: string, mayChoose: readonly string[]): Session {
  const chosen = mayChoose.flatMap(name => {
    const value = headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    role,
    variables: new Map([...chosen, ['x-hasura-role', role]]),
    isAdmin: false,
    isBackend: false,
    claimsJson: null,
    expiresAtMs: null,
  };
}

/** A session of what its headers say, for whoever is believed. */
function sessionOf(headers: Headers, { isAdmin, fallback }: SessionOptions): Session {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(headers))
    if (
      name.startsWith('x-hasura-') &&
      value !== undefined &&
      name !== secretHeader &&
      name !== oldSecretHeader
    )
      variables.set(name, value);
  const role = variables.get('x-hasura-role') ?? fallback;
  variables.set('x-hasura-role', role);
  return {
    role,
    variables,
    isAdmin,
    isBackend: isAdmin && backendFlag(headers[backendHeader]),
    claimsJson: null,
    expiresAtMs: null,
  };
}

const backendHeader = 'x-hasura-use-backend-only-permissions';

/** @throws {HasuraError} for what is no truth value */
function backendFlag(text: string | undefined): boolean {
  if (text !== undefined && !isTrue(text) && !['false', 'f', 'no', 'n', '0'].includes(text.toLowerCase()))
    throw new HasuraError(
      'bad-request',
      `${backendHeader}:  Not a valid boolean text. True values are ["true","t","yes","y"] and  False values are ["false","f","no","n"]. All values are case insensitive`,
    );
  return isTrue(text);
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && ['true', 't', 'yes', 'y', '1'].includes(text.toLowerCase());
}
