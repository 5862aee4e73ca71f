import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { algorithmsOf, isJwtAlgorithm, type JwtAlgorithm } from './algorithms.ts';
import { decodeBase64Url } from './base64url.ts';
import { JwtKeyError } from './errors.ts';

/** A JSON Web Key. @see https://www.rfc-editor.org/rfc/rfc7517 */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly [member: string]: unknown;
}

/** A JSON Web Key Set. */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}

/** A key ready to verify with, made once. */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly kid: string | undefined;
  readonly algorithms: readonly JwtAlgorithm[];
}

/** Where keys come from. With none of them, every token is refused with PGRST300. */
export interface KeySource {
  /** Text of at least 32 bytes for HS256, or a JWK, a JWK set (as JSON) or a public key (as PEM). */
  readonly secret?: string | Uint8Array | undefined;
  /** `secret` is base64 or base64url, as PostgREST's `jwt-secret-is-base64`. */
  readonly secretIsBase64?: boolean | undefined;
  readonly jwk?: Jwk | undefined;
  readonly jwks?: JwkSet | undefined;
}

const MIN_SECRET_BYTES = 32;

/** Builds the verification keys. @throws {JwtKeyError} on unusable material, without repeating it. */
export function verificationKeys(source: KeySource): readonly VerificationKey[] {
  const keys: VerificationKey[] = [];
  if (source.jwks !== undefined) keys.push(...fromSet(source.jwks));
  if (source.jwk !== undefined) keys.push(...fromSet({ keys: [source.jwk] }));
  if (source.secret !== undefined) keys.push(...fromSecret(source.secret, source.secretIsBase64 ?? false));
  return keys;
}

function fromSecret(secret: string | Uint8Array, isBase64: boolean): readonly VerificationKey[] {
  const raw = typeof secret === 'string' ? Buffer.from(secret) : Buffer.from(secret);
  const bytes = isBase64 ? decodeSecret(raw.toString()) : raw;
  const text = bytes.toString();
  if (text.trimStart().startsWith('-----BEGIN')) return [fromPem(text)];
  const json = jsonObject(text);
  if (json !== undefined) {
    // JSON was surely meant as keys; taken as text, a public key would become an HMAC secret that everybody knows.
    if (Array.isArray(json.keys)) return fromSet(json as unknown as JwkSet);
    if (typeof json.kty === 'string') return fromSet({ keys: [json as Jwk] });
    throw new JwtKeyError(
      'The JWT secret is JSON, but neither a JWK (with "kty") nor a JWK set (with "keys").',
    );
  }
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new JwtKeyError('The JWT secret must be at least 32 characters long.');
  }
  return [{ key: createSecretKey(bytes), kid: undefined, algorithms: ['HS256'] }];
}

/** Base64 as PostgREST reads it: URL-safe characters welcome, `.` for padding. */
function decodeSecret(text: string): Buffer {
  const base64 = text.trim().replaceAll('_', '/').replaceAll('-', '+').replaceAll('.', '=');
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new JwtKeyError('The JWT secret is not valid base64, although it is declared to be.');
  }
  return Buffer.from(base64, 'base64');
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not JSON after all: a passphrase may begin with a brace.
    return undefined;
  }
}

function fromPem(pem: string): VerificationKey {
  try {
    const key = createPublicKey(pem);
    return { key, kid: undefined, algorithms: algorithmsOf(key) };
  } catch {
    throw new JwtKeyError('The JWT secret looks like a PEM key but can not be read as one.');
  }
}

/** Keys of kinds that can't verify signatures (other types, curves, encryption keys) are left out, as a set may serve others too. */
function fromSet(set: JwkSet): readonly VerificationKey[] {
  return set.keys.flatMap(jwk => {
    const key = fromJwk(jwk);
    return key === undefined ? [] : [key];
  });
}

function fromJwk(jwk: Jwk): VerificationKey | undefined {
  if (jwk === null || typeof jwk !== 'object') throw new JwtKeyError('A JWK must be a JSON object.');
  if (jwk.use === 'enc') return undefined;
  if (jwk.alg !== undefined && !isJwtAlgorithm(jwk.alg)) return undefined;
  const key = keyObject(jwk);
  if (key === undefined) return undefined;
  const possible = algorithmsOf(key);
  const algorithms = jwk.alg === undefined ? possible : possible.filter(name => name === jwk.alg);
  return { key, kid: jwk.kid, algorithms };
}

function keyObject(jwk: Jwk): KeyObject | undefined {
  switch (jwk.kty) {
    case 'oct': {
      const bytes = typeof jwk.k === 'string' ? decodeBase64Url(jwk.k.replace(/=+$/, '')) : undefined;
      if (bytes === undefined || bytes.length === 0)
        throw new JwtKeyError('A JWK of type "oct" needs "k" in base64url.');
      return createSecretKey(bytes);
    }
    case 'RSA':
    case 'EC':
    case 'OKP':
      try {
        return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
      } catch {
        throw new JwtKeyError(
          `A JWK of type "${jwk.kty}" is incomplete or holds values that can not be read.`,
        );
      }
    default:
      return undefined;
  }
}
