import { JwtError, type JwtErrorReason } from './errors.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** What decides whether claims hold now. Seconds since the epoch; undefined when the claim is absent. */
export interface Validity {
  readonly exp: number | undefined;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
}

/**
 * Reads the registered claims in the reference's order: what is of the wrong type is refused.
 * Returns the first fault's reason when one is of the wrong type, or not in time, or for somebody else. Pure.
 * `nowSeconds` is whole seconds; `audience` undefined accepts any.
 */
export function checkClaims(
  claims: Claims,
  nowSeconds: number,
  skewSeconds: number,
  audience: string | undefined,
): Validity {
  const exp = seconds(claims.exp, 'expNotNumber');
  if (exp !== undefined && nowSeconds - skewSeconds > exp) throw new JwtError('expired');
  const nbf = seconds(claims.nbf, 'nbfNotNumber');
  if (nbf !== undefined && nowSeconds + skewSeconds < nbf) throw new JwtError('notYetValid');
  const iat = seconds(claims.iat, 'iatNotNumber');
  if (iat !== undefined && nowSeconds + skewSeconds < iat) throw new JwtError('issuedAtFuture');
  checkAudience(claims.aud, audience);
  return { exp, nbf, iat };
}

/** The part of {@link checkClaims} that time can change. */
export function checkTime(validity: Validity, nowSeconds: number, skewSeconds: number): void {
  if (validity.exp !== undefined && nowSeconds - skewSeconds > validity.exp) throw new JwtError('expired');
  if (validity.nbf !== undefined && nowSeconds + skewSeconds < validity.nbf)
    throw new JwtError('notYetValid');
  if (validity.iat !== undefined && nowSeconds + skewSeconds < validity.iat)
    throw new JwtError('issuedAtFuture');
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
