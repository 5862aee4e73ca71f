import { JwtError, type JwtErrorReason } from './errors.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** What decides whether claims hold now. Seconds since the epoch; undefined when the claim is absent. */
export interface Validity {
  readonly exp: number | undefined;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
}

/**
 * Reads the registered claims, one after the other in the reference's order, so that of several faults the same one is
 * told. Pure. `nowSeconds` is whole seconds; `audience` undefined accepts any.
 * @throws {JwtError} for a claim of the wrong type, out of its time, or for somebody else.
 */
export function checkClaims(
  claims: Claims,
  nowSeconds: number,
  skewSeconds: number,
  audience: string | undefined,
): Validity {
  const earliest = nowSeconds - skewSeconds;
  const latest = nowSeconds + skewSeconds;
  const exp = seconds(claims.exp, 'expNotNumber');
  assertNotBefore(exp, earliest, 'expired');
  const nbf = seconds(claims.nbf, 'nbfNotNumber');
  assertNotAfter(nbf, latest, 'notYetValid');
  const iat = seconds(claims.iat, 'iatNotNumber');
  assertNotAfter(iat, latest, 'issuedAtFuture');
  checkAudience(claims.aud, audience);
  return { exp, nbf, iat };
}

/** The part of {@link checkClaims} that time can change. @throws {JwtError} */
export function checkTime({ exp, nbf, iat }: Validity, nowSeconds: number, skewSeconds: number): void {
  assertNotBefore(exp, nowSeconds - skewSeconds, 'expired');
  assertNotAfter(nbf, nowSeconds + skewSeconds, 'notYetValid');
  assertNotAfter(iat, nowSeconds + skewSeconds, 'issuedAtFuture');
}

function assertNotBefore(claim: number | undefined, time: number, reason: JwtErrorReason): void {
  if (claim !== undefined && claim < time) throw new JwtError(reason);
}

function assertNotAfter(claim: number | undefined, time: number, reason: JwtErrorReason): void {
  if (claim !== undefined && claim > time) throw new JwtError(reason);
}

/** A NumericDate. As in the reference, one that isn't a 64-bit integer counts as 0, the epoch. */
function seconds(value: unknown, reason: JwtErrorReason): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw new JwtError(reason);
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? value : 0;
}

function checkAudience(aud: unknown, audience: string | undefined): void {
  if (aud === undefined || aud === null) return;
  if (typeof aud === 'string') {
    if (audience !== undefined && aud !== audience) throw new JwtError('notInAudience');
    return;
  }
  if (!Array.isArray(aud) || !aud.every(entry => typeof entry === 'string'))
    throw new JwtError('audNotStringOrArray');
  if (audience !== undefined && aud.length > 0 && !aud.includes(audience))
    throw new JwtError('notInAudience');
}
