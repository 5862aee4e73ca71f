/**
 * Sessions from tokens: where a request carries one, what it must say, and which role it gives.
 * @see https://hasura.io/docs/2.0/auth/authentication/jwt/
 */

import { ConfigError } from '@peakstone/kernel/config';
import {
  createRemoteVerifier,
  createVerifier,
  JwtError,
  type JwtErrorReason,
  JwtKeyError,
  type VerifiedToken,
} from '@peakstone/kernel/jwt';
import { claimsWithRole, isRoleName } from '@peakstone/kernel/request';
import type { ClaimsSource, JwtConfig } from '../config/jwt.ts';
import { showPath } from '../errors/path.ts';
import { type ErrorCode, HasuraError } from '../errors.ts';
import type { Headers, Verify } from './session.ts';
import type { Session } from './types.ts';

export interface JwtOptions {
  /** Where the role is the database's: a token without the reference's claims has its role in `role`, as for REST. */
  readonly takesRoleClaim: boolean;
  /** Then who comes with a token that names no role at all; null: nobody may. */
  readonly visitorRole: string | null;
}

interface Issuer {
  readonly config: JwtConfig;
  verify(token: string): VerifiedToken | Promise<VerifiedToken>;
}

/** Null for a request that carries no token. @throws {ConfigError} for keys that cannot be used */
export function createJwtVerify(configs: readonly JwtConfig[], options: JwtOptions): Verify {
  const issuers = configs.map(createIssuer);
  return async headers => {
    const found = issuers.flatMap(issuer => {
      const token = tokenOf(headers, issuer.config);
      return token === null ? [] : [{ issuer, token }];
    });
    if (found.length === 0) return null;
    const matching = found.filter(({ issuer, token }) => isIssuedBy(token, issuer.config.issuer));
    if (matching.length === 0) throw invalid('JWTNotInIssuer');
    if (matching.length > 1)
      throw new HasuraError('invalid-headers', 'Could not verify JWT: Multiple JWTs found');
    const { issuer, token } = matching[0]!;
    return sessionFrom(await verified(issuer, token), issuer.config, headers, options);
  };
}

function createIssuer(config: JwtConfig): Issuer {
  const { key, type, jwkUrl, allowedSkewSeconds: clockSkewSeconds } = config;
  if (jwkUrl !== null) {
    const remote = createRemoteVerifier({ url: jwkUrl, clockSkewSeconds });
    return { config, verify: token => remote.verify(token) };
  }
  try {
    const source = type?.startsWith('HS')
      ? { jwk: { kty: 'oct', alg: type, k: Buffer.from(key!).toString('base64url') } }
      : { secret: key! };
    const verifier = createVerifier({ ...source, clockSkewSeconds });
    return { config, verify: token => verifier.verify(token) };
  } catch (error) {
    if (!(error instanceof JwtKeyError)) throw error;
    throw new ConfigError('HASURA_GRAPHQL_JWT_SECRET', `with a "key" of type ${type}`, {
      hint: error.message,
      cause: error,
    });
  }
}

function tokenOf(headers: Headers, { header }: JwtConfig): string | null {
  switch (header.kind) {
    case 'authorization': {
      const given = headers.authorization;
      if (given === undefined) return null;
      const words = given.split(' ').filter(word => word !== '');
      if (words.length !== 2 || words[0] !== 'Bearer')
        throw new HasuraError('invalid-headers', 'Malformed Authorization header');
      return words[1]!;
    }
    case 'cookie':
      return cookieOf(headers.cookie, header.name);
    case 'custom':
      return headers[header.name] ?? null;
  }
}

function cookieOf(text: string | undefined, name: string): string | null {
  for (const part of text?.split(';') ?? []) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}

/** By what the token says of itself, before it is believed: only to find the key that it is to be verified with. */
function isIssuedBy(token: string, issuer: string | null): boolean {
  if (issuer === null) return true;
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      readonly iss?: unknown;
    };
    return claims.iss === undefined || claims.iss === issuer;
  } catch {
    // Not readable: whoever verifies it says so.
    return true;
  }
}

const reasons: Readonly<Partial<Record<JwtErrorReason, string>>> = {
  expired: 'JWTExpired',
  notYetValid: 'JWTNotYetValid',
  issuedAtFuture: 'JWTIssuedAtFuture',
  notInAudience: 'JWTNotInAudience',
  wrongSignature: 'JWSError JWSInvalidSignature',
  noSuitableKey: 'JWSError JWSInvalidSignature',
  unsecured: 'JWSError JWSInvalidSignature',
  claimsNotObject: 'JWTClaimsSetDecodeError "not a JSON object"',
};

function invalid(reason: string): HasuraError {
  return new HasuraError('invalid-jwt', `Could not verify JWT: ${reason}`);
}

async function verified({ config, verify }: Issuer, token: string): Promise<VerifiedToken> {
  let result: VerifiedToken;
  try {
    result = await verify(token);
  } catch (error) {
    if (error instanceof JwtError)
      throw invalid(reasons[error.reason] ?? `JWSError (CompactDecodeError ${error.message})`);
    throw new HasuraError('invalid-jwt', 'Could not verify JWT: the key set cannot be had', { cause: error });
  }
  const { aud } = result.claims;
  if (config.audience !== null && aud !== undefined) {
    const given = Array.isArray(aud) ? aud : [aud];
    if (!given.some(each => config.audience!.includes(String(each)))) throw invalid('JWTNotInAudience');
  }
  return result;
}

const allowedRolesClaim = 'x-hasura-allowed-roles';
const defaultRoleClaim = 'x-hasura-default-role';

function sessionFrom(
  { claims, payloadJson }: VerifiedToken,
  config: JwtConfig,
  headers: Headers,
  options: JwtOptions,
): Session {
  const found = hasuraClaims(claims, config.claims, options);
  const isVisitor = options.takesRoleClaim && claims.role === undefined && !found.has(allowedRolesClaim);
  if (isVisitor && options.visitorRole !== null) {
    found.set(allowedRolesClaim, [options.visitorRole]);
    found.set(defaultRoleClaim, options.visitorRole);
  }
  const allowed = rolesOf(found.get(allowedRolesClaim));
  const fallback = roleOf(found.get(defaultRoleClaim));
  const role = headers['x-hasura-role'] ?? fallback;
  if (!allowed.includes(role))
    throw new HasuraError('access-denied', 'Your requested role is not in allowed roles', { status: 400 });
  const variables = new Map<string, string>();
  for (const [name, value] of found) {
    if (name === allowedRolesClaim || name === defaultRoleClaim) continue;
    if (typeof value !== 'string')
      throw claimError(
        `x-hasura-* claims: parsing Text failed, expected String, but encountered ${kindOf(value)}`,
      );
    variables.set(name, value);
  }
  variables.set('x-hasura-role', role);
  const { exp } = claims;
  return {
    role,
    variables,
    isAdmin: false,
    isBackend: false,
    claimsJson: isVisitor ? claimsWithRole(role, claims, payloadJson) : payloadJson,
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : null,
  };
}

/** The reference's claims by lower-case name, wherever the configuration finds them. */
function hasuraClaims(
  claims: Readonly<Record<string, unknown>>,
  source: ClaimsSource,
  { takesRoleClaim }: JwtOptions,
): Map<string, unknown> {
  const found =
    source.kind === 'map' ? mappedClaims(claims, source) : namespaceClaims(claims, source, takesRoleClaim);
  if (takesRoleClaim && !found.has(allowedRolesClaim) && claims.role !== undefined) {
    if (!isRoleName(claims.role))
      throw new HasuraError('access-denied', `role "${String(claims.role)}" does not exist`, { status: 401 });
    found.set(allowedRolesClaim, [claims.role]);
    found.set(defaultRoleClaim, claims.role);
    if (!found.has('x-hasura-user-id') && typeof claims.sub === 'string')
      found.set('x-hasura-user-id', claims.sub);
  }
  return found;
}

function namespaceClaims(
  claims: Readonly<Record<string, unknown>>,
  { path, shown, isPath, format }: ClaimsSource & { readonly kind: 'namespace' },
  mayBeMissing: boolean,
): Map<string, unknown> {
  let value = valueAt(claims, path);
  if (value === undefined) {
    if (mayBeMissing) return new Map();
    throw claimError(
      isPath
        ? `claims not found at claims_namespace_path: '${showPath(path)}'`
        : `claims key: '${shown}' not found`,
    );
  }
  if (format === 'stringified_json') {
    if (typeof value !== 'string')
      throw claimError('expecting a string when claims_format is stringified_json');
    try {
      value = JSON.parse(value);
    } catch {
      const place = isPath ? `claims_namespace_path ${showPath(path)}` : `claims_namespace ${shown}`;
      throw claimError(`expecting stringified json at: '${place}', but found: ${String(value)}`);
    }
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw claimError('expecting a json object when claims_format is json');
  return new Map(
    Object.entries(value).flatMap(([name, each]) =>
      /^x-hasura-/i.test(name) ? [[name.toLowerCase(), each]] : [],
    ),
  );
}

function mappedClaims(
  claims: Readonly<Record<string, unknown>>,
  { claims: map }: ClaimsSource & { readonly kind: 'map' },
): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, mapping] of Object.entries(map)) {
    const value =
      mapping.kind === 'literal' ? mapping.value : (valueAt(claims, mapping.path) ?? mapping.fallback);
    if (value !== undefined) found.set(name, value);
    else if (name !== allowedRolesClaim && name !== defaultRoleClaim)
      throw claimError(`JWT claim from claims_map, ${name} not found`);
  }
  return found;
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const step of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function rolesOf(value: unknown): readonly string[] {
  if (value === undefined) throw missing(allowedRolesClaim);
  const hint = `invalid ${allowedRolesClaim}; should be a list of roles`;
  if (!Array.isArray(value))
    throw claimError(`${hint}: parsing [] failed, expected Array, but encountered ${kindOf(value)}`);
  return value.map(String);
}

function roleOf(value: unknown): string {
  if (value === undefined) throw missing(defaultRoleClaim);
  if (typeof value !== 'string')
    throw claimError(
      `invalid ${defaultRoleClaim}; should be a single role name: parsing RoleName failed, expected String, but encountered ${kindOf(value)}`,
    );
  return value;
}

function missing(claim: string): HasuraError {
  return new HasuraError('jwt-missing-role-claims', `JWT claim does not contain ${claim}`);
}

function claimError(message: string): HasuraError {
  return new HasuraError('jwt-invalid-claims' satisfies ErrorCode, message);
}

function kindOf(value: unknown): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  return { string: 'String', boolean: 'Boolean', number: 'Number' }[typeof value as string] ?? 'Object';
}
