/**
 * Who a request is: its role and its claims.
 * @see https://docs.postgrest.org/en/stable/references/auth.html
 */
import { createVerifier, JwtError, JwtKeyError, type VerifiedToken } from '@peakstone/kernel/jwt';
import { ConfigError } from './config/error.ts';
import { parseRoleClaimKey } from './config/roleClaim.ts';
import type { RestConfig } from './config/types.ts';
import { authErrors } from './errors.ts';

export interface Identity {
  readonly role: string;
  /** For `request.jwt.claims`: the token's claims as it spells them, with `role` set to the role in use. */
  readonly claimsJson: string;
  /** Whether `role` is the anonymous role, which turns 403 into 401. */
  readonly isAnonymous: boolean;
}

export type Authenticate = (authorization: string | undefined) => Identity;

/** What happens to tokens in the cache, for metrics. */
export type JwtCacheEvent = 'hit' | 'miss' | 'evicted';

/**
 * Makes the authenticator for a configuration. It remembers verified tokens and their roles, and is replaced whole when
 * the configuration changes, so that no token outlives its secret.
 * The authenticator @throws {RestError} PGRST300–303.
 * @throws {ConfigError} when the secret is no usable key.
 */
export function createAuthenticate(
  config: RestConfig,
  onCache: (event: JwtCacheEvent) => void = () => {},
): Authenticate {
  const { dbAnonRole } = config;
  const roleClaim = parseRoleClaimKey(config.jwtRoleClaimKey);
  const verifier = createConfiguredVerifier(config, onCache);
  const anonymous = dbAnonRole === null ? null : identify(dbAnonRole, {}, '{}', true);
  const identities = new WeakMap<VerifiedToken, Identity>();

  return authorization => {
    const token = bearerToken(authorization);
    if (token === null) {
      if (!anonymous) throw authErrors.jwtRequired();
      return anonymous;
    }
    let verified: VerifiedToken;
    try {
      verified = verifier.verify(token);
    } catch (error) {
      throw error instanceof JwtError ? authErrors.jwtRefused(error) : error;
    }
    const known = identities.get(verified);
    if (known) return known;
    const role = roleClaim.find(verified.claims) ?? dbAnonRole;
    if (role === null) throw authErrors.jwtRequired();
    const identity = identify(role, verified.claims, verified.payloadJson, role === dbAnonRole);
    identities.set(verified, identity);
    return identity;
  };
}

function createConfiguredVerifier(config: RestConfig, onCache: (event: JwtCacheEvent) => void) {
  try {
    return createVerifier({
      ...(config.jwtSecret === null ? {} : { secret: config.jwtSecret }),
      ...(config.jwtAud === null ? {} : { audience: config.jwtAud }),
      cacheMaxEntries: config.jwtCacheMaxEntries,
      onCache,
    });
  } catch (error) {
    throw error instanceof JwtKeyError ? new ConfigError(error.message, { cause: error }) : error;
  }
}

/** The token of a Bearer header, null when there is no such header. The scheme is compared without case. */
function bearerToken(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const match = /^bearer(?:\s+(.*))?$/is.exec(authorization);
  return match ? (match[1] ?? '') : null;
}

function identify(
  role: string,
  claims: Readonly<Record<string, unknown>>,
  payloadJson: string,
  isAnonymous: boolean,
): Identity {
  return { role, claimsJson: withRole(role, claims, payloadJson), isAnonymous };
}

/** Keeps the token's own text where it can: numbers beyond double precision survive. */
function withRole(role: string, claims: Readonly<Record<string, unknown>>, payloadJson: string): string {
  if (claims.role === role) return payloadJson;
  if (Object.hasOwn(claims, 'role')) return JSON.stringify({ ...claims, role });
  const member = `"role":${JSON.stringify(role)}`;
  if (Object.keys(claims).length === 0) return `{${member}}`;
  return `${payloadJson.slice(0, payloadJson.lastIndexOf('}'))},${member}}`;
}
