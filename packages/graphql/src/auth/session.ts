/** Who asks, by the headers of a request: admin secret, token, webhook or nobody in particular. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '@peakstone/kernel/http';
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

/** Makes the authenticator of a configuration. */
export function createAuthenticate({ auth }: GraphqlConfig, verify: Verify | null): Authenticate {
  const { adminSecrets, unauthorizedRole } = auth;
  const secrets = adminSecrets.map(digest);
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
    if (verified) return verified;
    if (unauthorizedRole !== null && !(verify && headers.authorization !== undefined))
      return anonymous(unauthorizedRole);
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

/** A session of what its headers say, for whoever is believed. */
export function sessionOf(headers: Headers, { isAdmin, fallback }: SessionOptions): Session {
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
    isBackend: isAdmin && isTrue(headers['x-hasura-use-backend-only-permissions']),
    claimsJson: null,
    expiresAtMs: null,
  };
}

export function isTrue(text: string | undefined): boolean {
  return text !== undefined && ['true', 't', 'yes', 'y', '1'].includes(text.toLowerCase());
}

/** Whoever comes without anything. */
export function anonymous(role: string): Session {
  return {
    role,
    variables: new Map([['x-hasura-role', role]]),
    isAdmin: false,
    isBackend: false,
    claimsJson: null,
    expiresAtMs: null,
  };
}
