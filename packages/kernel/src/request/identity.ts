/** Who a request is: its role and its claims, from the token that it bears. */
import { type Claims, JwtError, type VerifiedToken, type Verifier } from '../jwt/index.ts';

export interface Identity {
  readonly role: string;
  /** For `request.jwt.claims`: the token's claims as it spells them, with `role` set to the role in use. */
  readonly claimsJson: string;
  /** Whether `role` is the anonymous role. */
  readonly isAnonymous: boolean;
}

/** From the value of Authorization. @throws {JwtError} when the token is refused, or none is there and one is needed. */
export type Identify = (authorization: string | undefined) => Identity;

export interface IdentifyOptions {
  readonly verifier: Verifier;
  /** The role that the claims name, if any. */
  readonly findRole: (claims: Claims) => string | null | undefined;
  /** Who comes without a token, or with one that names no role. Null: nobody may. */
  readonly anonymousRole: string | null;
}

/** Remembers the identities of verified tokens for as long as the verifier remembers them. */
export function createIdentify({ verifier, findRole, anonymousRole }: IdentifyOptions): Identify {
  const anonymous = anonymousRole === null ? null : makeIdentity(anonymousRole, {}, '{}', true);
  const identities = new WeakMap<VerifiedToken, Identity>();
  return authorization => {
    const token = bearerToken(authorization);
    if (token === null) {
      if (!anonymous) throw new JwtError('tokenRequired');
      return anonymous;
    }
    const verified = verifier.verify(token);
    const known = identities.get(verified);
    if (known) return known;
    const role = findRole(verified.claims) ?? anonymousRole;
    if (role === null) throw new JwtError('tokenRequired');
    const identity = makeIdentity(role, verified.claims, verified.payloadJson, role === anonymousRole);
    identities.set(verified, identity);
    return identity;
  };
}

/** The token of a Bearer header, null when there is no such header. The scheme is compared without case. */
function bearerToken(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const match = /^bearer(?:\s+(.*))?$/is.exec(authorization);
  return match ? (match[1] ?? '') : null;
}

function makeIdentity(role: string, claims: Claims, payloadJson: string, isAnonymous: boolean): Identity {
  return { role, claimsJson: claimsWithRole(role, claims, payloadJson), isAnonymous };
}

/** For `request.jwt.claims`; keeps the token's own text where it can: numbers beyond double precision survive. Pure. */
export function claimsWithRole(role: string, claims: Claims, payloadJson: string): string {
  if (claims.role === role) return payloadJson;
  if (Object.hasOwn(claims, 'role')) return JSON.stringify({ ...claims, role });
  const member = `"role":${JSON.stringify(role)}`;
  if (Object.keys(claims).length === 0) return `{${member}}`;
  return `${payloadJson.slice(0, payloadJson.lastIndexOf('}'))},${member}}`;
}
