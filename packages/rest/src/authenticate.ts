/**
 * Who a request is, by the configuration.
 * @see https://docs.postgrest.org/en/stable/references/auth.html
 */
import { createVerifier, JwtError, JwtKeyError } from '@peakstone/kernel/jwt';
import { createIdentify, type Identify } from '@peakstone/kernel/request';
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
 * The authenticator @throws {RestError} PGRST300–303.
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
  return authorization => {
    try {
      return identify(authorization);
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
