import { signJwt } from '@peakstone/kernel/jwt';

export interface ApiKeyOptions {
  /** JWT_SECRET. */
  readonly secret: string;
  /** Roles the keys ask for. Default anon and service_role. */
  readonly anonRole?: string;
  readonly serviceRole?: string;
  /** Seconds since 1970. Default: now. */
  readonly issuedAt?: number;
  /** Default: ten years, as clients carry them in their builds. */
  readonly lifetimeSeconds?: number;
}

/** Tokens for clients: `anon` may be published, `service` passes row security and must be kept. */
export interface ApiKeys {
  readonly anon: string;
  readonly service: string;
}

const TEN_YEARS = 10 * 365 * 24 * 3600;

/** Signs both keys with the stack's secret. Rotating JWT_SECRET makes them void. */
export function signApiKeys(options: ApiKeyOptions): ApiKeys {
  const iat = options.issuedAt ?? Math.floor(Date.now() / 1000);
  const exp = iat + (options.lifetimeSeconds ?? TEN_YEARS);
  const sign = (role: string) => signJwt({ role, iss: 'peakstone', iat, exp }, options.secret);
  return { anon: sign(options.anonRole ?? 'anon'), service: sign(options.serviceRole ?? 'service_role') };
}
