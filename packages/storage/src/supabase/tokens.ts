/** Tokens: who calls, and what a signed URL allows. */
import { createHmac } from 'node:crypto';
import {
  type Claims,
  createVerifier,
  JwtError,
  type JwtErrorReason,
  signJwt,
  type Verifier,
} from '@peakstone/kernel/jwt';
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
  /** Of a picture, as `width:100,resize:cover`. */
  readonly transformations?: string | undefined;
  /** Seconds since the epoch. */
  readonly exp?: number | undefined;
}

export type Scope = 'download' | 'upload';

export class Tokens {
  readonly #verifier: Verifier;
  readonly #key: string | Buffer;
  readonly #urls: Verifier;

  /** @param secret text, or a set of keys as PostgREST takes it. @throws {JwtKeyError} */
  constructor(secret: string) {
    this.#verifier = createVerifier({ secret });
    // With public keys alone nothing could be signed: a key of its own comes from them.
    const isText = !secret.trimStart().startsWith('{');
    this.#key = isText ? secret : createHmac('sha256', 'peakstone storage urls').update(secret).digest();
    this.#urls = isText ? this.#verifier : createVerifier({ secret: this.#key.toString('base64url') });
    if (!isText) this.#key = this.#key.toString('base64url');
  }

  /** @param token without `Bearer`. @throws {StorageError} AccessDenied */
  identify(token: string): Caller {
    try {
      const { claims, payloadJson } = this.#verifier.verify(token);
      const role = typeof claims.role === 'string' && claims.role !== '' ? claims.role : anonymousRole;
      return { role, claimsJson: payloadJson, subject: textOf(claims.sub) };
    } catch (error) {
      if (error instanceof JwtError) throw new StorageError('AccessDenied', wordsOf(error), { cause: error });
      throw error;
    }
  }

  /** @param seconds from now */
  sign(scope: Scope, token: SignedToken, seconds: number, more: Claims = {}): string {
    const now = Math.floor(Date.now() / 1000);
    return signJwt({ ...more, ...token, scope, iat: now, exp: now + seconds }, this.#key);
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
