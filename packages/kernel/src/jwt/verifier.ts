import { BoundedCache } from '../boundedCache.ts';
import { CHECKS, isJwtAlgorithm, type JwtAlgorithm } from './algorithms.ts';
import { decodeBase64Url } from './base64url.ts';
import { type Claims, checkClaims, checkTime, type Validity } from './claims.ts';
import { JwtError } from './errors.ts';
import { type KeySource, type VerificationKey, verificationKeys } from './keys.ts';

export interface VerifierOptions extends KeySource {
  /** Accepted `aud`; any when absent. */
  readonly audience?: string | undefined;
  /** Verified tokens remembered; 0 for none. Default 1000. */
  readonly cacheMaxEntries?: number | undefined;
  /** Tolerance for exp, nbf and iat. Default 30 s. */
  readonly clockSkewSeconds?: number | undefined;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Told of every look-up in the cache of verified tokens, and of what had to make room in it. */
  readonly onCache?: ((event: 'hit' | 'miss' | 'evicted') => void) | undefined;
}

export interface VerifiedToken {
  readonly claims: Claims;
  /** The claims as the token spells them: JSON text of an object, numbers in full precision. */
  readonly payloadJson: string;
}

export interface Verifier {
  /** @throws {JwtError} when the token is refused. Synchronous: a known token costs one lookup. */
  verify(token: string): VerifiedToken;
}

interface Header {
  readonly alg: JwtAlgorithm;
  readonly kid: string | undefined;
}

interface Remembered extends VerifiedToken {
  readonly validity: Validity;
}

/** Longer tokens are verified each time: few applications have such, and they would leave no room for others. */
const MAX_CACHED_TOKEN_LENGTH = 8192;
/** Of all that are remembered. */
const MAX_CACHED_BYTES = 4 * 1024 * 1024;

/**
 * Makes a verifier with PostgREST's semantics.
 * @throws {JwtKeyError} when the key material is unusable.
 * @example createVerifier({ secret }).verify(token).claims.role
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const hasKeys = options.secret !== undefined || options.jwk !== undefined || options.jwks !== undefined;
  const keys = verificationKeys(options);
  const cacheMaxEntries = options.cacheMaxEntries ?? 1000;
  const { audience, onCache } = options;
  const cache = new BoundedCache<Remembered>({
    maxEntries: cacheMaxEntries,
    maxBytes: MAX_CACHED_BYTES,
    onEvict: () => onCache?.('evicted'),
  });
  const skew = options.clockSkewSeconds ?? 30;
  const now = options.now ?? Date.now;

  return {
    verify(token) {
      const nowSeconds = now() / 1000;
      const known = cache.get(token);
      if (cacheMaxEntries > 0) onCache?.(known === undefined ? 'miss' : 'hit');
      if (known !== undefined) {
        checkTime(known.validity, nowSeconds, skew);
        return known;
      }
      if (!hasKeys) throw new JwtError('secretMissing');
      const payloadJson = openToken(token, keys);
      const claims = parseClaims(payloadJson);
      const validity = checkClaims(claims, nowSeconds, skew, audience);
      const verified: Remembered = { claims, payloadJson, validity };
      if (token.length <= MAX_CACHED_TOKEN_LENGTH)
        cache.set(token, verified, rememberedBytes(token, payloadJson));
      return verified;
    },
  };
}

/** Measured: the claims take some five times of their text as objects, and once more what is made for their requests. */
function rememberedBytes(token: string, payloadJson: string): number {
  return 500 + token.length + 7 * payloadJson.length;
}

/** Checks a token's form and signature and returns its payload's text. @throws {JwtError} */
function openToken(token: string, keys: readonly VerificationKey[]): string {
  if (token === '') throw new JwtError('emptyToken');
  const [headerPart = '', payloadPart = '', signaturePart = ''] = token.split('.', 3);
  const parts = countParts(token);
  if (parts !== 3) throw new JwtError('unexpectedParts', parts);
  const header = parseHeader(headerPart);
  const payload = decodeBase64Url(payloadPart);
  const signature = decodeBase64Url(signaturePart);
  if (payload === undefined || signature === undefined) throw new JwtError('malformed');
  const candidates = keys.filter(key => suits(key, header));
  if (candidates.length === 0) throw new JwtError('noSuitableKey');
  const signed = `${headerPart}.${payloadPart}`;
  if (!candidates.some(({ key }) => CHECKS[header.alg](key, signed, signature)))
    throw new JwtError('wrongSignature');
  return utf8(payload);
}

function countParts(token: string): number {
  let parts = 1;
  for (let at = token.indexOf('.'); at >= 0; at = token.indexOf('.', at + 1)) parts++;
  return parts;
}

/** A token that names a key is only for that key; a token that names none is for any of its algorithm. */
function suits(key: VerificationKey, header: Header): boolean {
  return key.algorithms.includes(header.alg) && (header.kid === undefined || header.kid === key.kid);
}

function parseHeader(part: string): Header {
  const bytes = decodeBase64Url(part);
  const header = bytes === undefined ? undefined : parseObject(bytes.toString());
  if (header === undefined) throw new JwtError('malformed');
  const { alg, kid } = header;
  if (alg === 'none') throw new JwtError('unsecured');
  // "crit" lists extensions that a verifier must understand; none are understood here.
  if (!isJwtAlgorithm(alg) || 'crit' in header || 'enc' in header) throw new JwtError('malformed');
  if (kid !== undefined && kid !== null && typeof kid !== 'string') throw new JwtError('malformed');
  return { alg, kid: kid ?? undefined };
}

function parseClaims(json: string): Claims {
  const claims = parseObject(json);
  if (claims === undefined) throw new JwtError('claimsNotObject');
  return claims;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // Not UTF-8, so not JSON either.
    throw new JwtError('claimsNotObject');
  }
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Not JSON: whoever asked says which part of the token that spoils.
    return undefined;
  }
}
