/**
 * Who a request is, by the configuration.
 * @see https://docs.postgrest.org/en/stable/references/auth.html
 */
import { createVerifier, JwtError, JwtKeyError } from '@peakstone/kernel/jwt';
import { parseConninfo } from '@peakstone/kernel/pg';
import { createIdentify, type Identify, unknownRole } from '@peakstone/kernel/request';
import { ConfigError } from './config/error.ts';
import { parseRoleClaimKey } from './config/roleClaim.ts';
import type { RestConfig } from './config/types.ts';
import * as authErrors from './errors/auth.ts';

export type Authenticate = Identify;

/** What happens to tokens in the cache, for metrics. */
export type JwtCacheEvent = 'hit' | 'miss' | 'evicted';

/**
 * Makes the authenticator for a configuration. It is replaced whole when the configuration changes, so that no token outlives
 * its secret.
 * The authenticator @throws {RestError} PGRST300–303. @throws {PgError} 22023 for a role that no token may name.
 * @throws {ConfigError} when the secret is no usable key.
 */
export function createAuthenticate(
  config: RestConfig,
  onCache: (event: JwtCacheEvent) => void = () => {},
): Authenticate {
  const roleClaim = parseRoleClaimKey(config.jwtRoleClaimKey);
  const identify = createIdentify({
    verifier: createConfiguredVerifier(config, onCache),
    findRole: claims => roleClaim.find(claims),
    anonymousRole: config.dbAnonRole,
  });
  const login = config.beyond.refusesLogin ? parseConninfo(config.dbUri).user : null;
  return authorization => {
    try {
      const identity = identify(authorization);
      if (identity.role === login && !identity.isAnonymous) throw unknownRole(identity.role);
      return identity;
    } catch (error) {
      throw error instanceof JwtError ? authErrors.jwtRefused(error) : error;
    }
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
