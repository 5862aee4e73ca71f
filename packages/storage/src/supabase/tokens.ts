/** Tokens: who calls, and what a signed URL allows. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import {
  type Claims,
  createVerifier,
  JwtError,
  type JwtErrorReason,
  signJwt,
  type Verifier,
} from '@peakstone/kernel/jwt';
import { claimsWithRole, isRoleName } from '@peakstone/kernel/request';
import type { Caller } from '../records/database.ts';
import { StorageError } from './errors.ts';

const anonymousRole = 'anon';
export const serviceRole = 'service_role';

export const anonymous: Caller = { role: anonymousRole, claimsJson: `{"role":"${anonymousRole}"}` };

/** What a signed URL says. */
export interface SignedToken {
  /** `bucket/key` */
  readonly url: string;
  readonly owner?: string | undefined;
  readonly upsert?: boolean | undefined;
  /** Who has made it, of whom policies are asked again when it is used. Told to nobody who has the URL. */
  readonly by?: Caller | undefined;
  /** Of a picture, as `width:100,resize:cover`. */
  readonly transformations?: string | undefined;
  /** Seconds since the epoch. */
  readonly exp?: number | undefined;
}

const ivBytes = 12;
const tagBytes = 16;

export type Scope = 'download' | 'upload';

export class Tokens {
  readonly #verifier: Verifier;
  readonly #key: string | Buffer;
  readonly #urls: Verifier;
  readonly #sealingKey: Buffer;

  /** @param secret text, or a set of keys as PostgREST takes it. @throws {JwtKeyError} */
  constructor(secret: string) {
    this.#verifier = createVerifier({ secret });
    // With public keys alone nothing could be signed: a key of its own comes from them.
    const isText = !secret.trimStart().startsWith('{');
    this.#key = isText ? secret : createHmac('sha256', 'peakstone storage urls').update(secret).digest();
    this.#urls = isText ? this.#verifier : createVerifier({ secret: this.#key.toString('base64url') });
    if (!isText) this.#key = this.#key.toString('base64url');
    this.#sealingKey = createHmac('sha256', 'peakstone storage callers').update(secret).digest();
  }

  /** @param token without `Bearer`. @throws {StorageError} AccessDenied */
  identify(token: string): Caller {
    try {
      const { claims, payloadJson } = this.#verifier.verify(token);
      const { role = anonymousRole } = claims;
      // As for REST, nobody is a visitor by a role that is none.
      if (!isRoleName(role)) throw new StorageError('AccessDenied', 'Access denied: Invalid role');
      return { role, claimsJson: claimsWithRole(role, claims, payloadJson), subject: textOf(claims.sub) };
    } catch (error) {
      if (error instanceof JwtError) throw new StorageError('AccessDenied', wordsOf(error), { cause: error });
      throw error;
    }
  }

  /** @param seconds from now */
  sign(scope: Scope, { by, ...token }: SignedToken, seconds: number, more: Claims = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const sealed = by && { by: this.#seal(by, token.url) };
    return signJwt({ ...more, ...token, ...sealed, scope, iat: now, exp: now + seconds }, this.#key);
  }

  #seal(caller: Caller, url: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey, iv).setAAD(Buffer.from(url));
    const text = [cipher.update(JSON.stringify(caller)), cipher.final()];
    return Buffer.concat([iv, cipher.getAuthTag(), ...text]).toString('base64url');
  }

  /** Only of what a signature has proven to be whole. */
  #unseal(sealed: string, url: string): Caller {
    const bytes = Buffer.from(sealed, 'base64url');
    const iv = bytes.subarray(0, ivBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.#sealingKey, iv).setAAD(Buffer.from(url));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    const text = [decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()];
    const { claimsJson, ...caller } = JSON.parse(Buffer.concat(text).toString('utf8')) as Caller;
    // The URL holds as long as it says, and not as long as its maker's token.
    const { exp: _, ...claims } = JSON.parse(claimsJson) as Record<string, unknown>;
    return { ...caller, claimsJson: JSON.stringify(claims) };
  }

  /**
   * @param url that the token has to be for
   * @throws {StorageError} InvalidJWT, InvalidSignature
   */
  open(text: string, scope: Scope, url: string): SignedToken {
    let claims: Claims;
    try {
      claims = this.#urls.verify(text).claims;
    } catch (error) {
      if (error instanceof JwtError) throw new StorageError('InvalidJWT', wordsOf(error), { cause: error });
      throw error;
    }
    // Before there were scopes, an upload's token said what it may overwrite.
    const isFor = claims.scope ?? ('upsert' in claims ? 'upload' : 'download');
    if (isFor !== scope) throw new StorageError('InvalidSignature', `Token is not scoped for ${scope}`);
    // The verifier is lenient by half a minute.
    if (typeof claims.exp === 'number' && claims.exp <= Date.now() / 1000)
      throw new StorageError('InvalidJWT', words.expired);
    if (claims.url !== url) throw new StorageError('InvalidSignature');
    return {
      url,
      owner: textOf(claims.owner),
      upsert: claims.upsert === true,
      by: typeof claims.by === 'string' ? this.#unseal(claims.by, url) : undefined,
      transformations: textOf(claims.transformations),
      exp: typeof claims.exp === 'number' ? claims.exp : undefined,
    };
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** As the reference's library words it. */
const words: Partial<Record<JwtErrorReason, string>> & { readonly expired: string } = {
  unexpectedParts: 'Invalid Compact JWS',
  emptyToken: 'Invalid Compact JWS',
  malformed: 'Invalid Compact JWS',
  wrongSignature: 'signature verification failed',
  noSuitableKey: 'signature verification failed',
  unsecured: 'signature verification failed',
  expired: '"exp" claim timestamp check failed',
  notYetValid: '"nbf" claim timestamp check failed',
};

function wordsOf(error: JwtError): string {
  return words[error.reason] ?? error.message;
}
