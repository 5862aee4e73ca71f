import {
  constants,
  createHmac,
  type KeyObject,
  timingSafeEqual,
  verify as verifySignature,
} from 'node:crypto';

/** Signature algorithms that are verified. `none` is not among them. @see https://www.rfc-editor.org/rfc/rfc7518#section-3 */
export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

type Check = (key: KeyObject, signed: string, signature: Buffer) => boolean;

/** Compares MACs in constant time. */
function hmac(hash: string): Check {
  return (key, signed, signature) => {
    const expected = createHmac(hash, key).update(signed).digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  };
}

function rsa(hash: string): Check {
  return (key, signed, signature) => verifySignature(hash, Buffer.from(signed), key, signature);
}

function rsaPss(hash: string): Check {
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return (key, signed, signature) =>
    verifySignature(hash, Buffer.from(signed), { key, padding, saltLength }, signature);
}

function ecdsa(hash: string): Check {
  return (key, signed, signature) =>
    verifySignature(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

const eddsa: Check = (key, signed, signature) => verifySignature(null, Buffer.from(signed), key, signature);

/** How each algorithm's signature is checked. */
export const CHECKS: Readonly<Record<JwtAlgorithm, Check>> = {
  HS256: hmac('sha256'),
  HS384: hmac('sha384'),
  HS512: hmac('sha512'),
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: rsaPss('sha256'),
  PS384: rsaPss('sha384'),
  PS512: rsaPss('sha512'),
  ES256: ecdsa('sha256'),
  ES384: ecdsa('sha384'),
  ES512: ecdsa('sha512'),
  EdDSA: eddsa,
};

export function isJwtAlgorithm(name: unknown): name is JwtAlgorithm {
  return typeof name === 'string' && Object.hasOwn(CHECKS, name);
}

/** Algorithms that a key of this kind can serve. A key never serves another family, whatever a token's header says. */
export function algorithmsOf(key: KeyObject): readonly JwtAlgorithm[] {
  if (key.type === 'secret') return ['HS256', 'HS384', 'HS512'];
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'rsa-pss':
      return ['PS256', 'PS384', 'PS512'];
    case 'ed25519':
    case 'ed448':
      return ['EdDSA'];
    case 'ec':
      switch (key.asymmetricKeyDetails?.namedCurve) {
        case 'prime256v1':
          return ['ES256'];
        case 'secp384r1':
          return ['ES384'];
        case 'secp521r1':
          return ['ES512'];
        default:
          return [];
      }
    default:
      return [];
  }
}
