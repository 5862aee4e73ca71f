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
 * told. Pure. `nowSeconds` may have a fraction; `audience` undefined accepts any.
 * @throws {JwtError} for a claim of the wrong type, out of its time, or for somebody else.
 */
export function checkClaims(
  claims: Claims,
  nowSeconds: number,
  skewSeconds: number,
  audience: string | undefined,
): Validity {
  const exp = numericDate(claims.exp, 'expNotNumber');
  assertNotExpired(exp, nowSeconds, skewSeconds);
  const nbf = numericDate(claims.nbf, 'nbfNotNumber');
  assertNotAfter(nbf, nowSeconds + skewSeconds, 'notYetValid');
  const iat = numericDate(claims.iat, 'iatNotNumber');
  assertNotAfter(iat, nowSeconds + skewSeconds, 'issuedAtFuture');
  checkAudience(claims.aud, audience);
  return { exp, nbf, iat };
}

/** The part of {@link checkClaims} that time can change. @throws {JwtError} */
export function checkTime({ exp, nbf, iat }: Validity, nowSeconds: number, skewSeconds: number): void {
  assertNotExpired(exp, nowSeconds, skewSeconds);
  assertNotAfter(nbf, nowSeconds + skewSeconds, 'notYetValid');
  assertNotAfter(iat, nowSeconds + skewSeconds, 'issuedAtFuture');
}

/** As in the reference, a token holds to the end of the second in which it expires. */
function assertNotExpired(exp: number | undefined, nowSeconds: number, skewSeconds: number): void {
  if (exp !== undefined && exp < Math.floor(nowSeconds) - skewSeconds) throw new JwtError('expired');
}

function assertNotAfter(claim: number | undefined, time: number, reason: JwtErrorReason): void {
  if (claim !== undefined && claim > time) throw new JwtError(reason);
}

/** Seconds since the epoch, which may have a fraction. @see https://www.rfc-editor.org/rfc/rfc7519#section-2 */
function numericDate(value: unknown, reason: JwtErrorReason): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw new JwtError(reason);
  return value;
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
