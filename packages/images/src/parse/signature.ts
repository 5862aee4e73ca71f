/** Whether a URL is one that we, or who has our keys, have made. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ImagesError } from '../errors.ts';
import type { SignedPath } from './path.ts';

export interface SignatureKey {
  readonly key: Buffer;
  readonly salt: Buffer;
}

export interface SignatureConfig {
  /** None: any signature is taken. */
  readonly keys: readonly SignatureKey[];
  /** Bytes of the digest that count. */
  readonly signatureSize: number;
  /** Taken literally. */
  readonly trustedSignatures: readonly string[];
}

/** The first bytes of the digest of salt and path, which begins with a slash. Pure. */
export function signPath(path: string, { key, salt }: SignatureKey, size = 32): Buffer {
  return createHmac('sha256', key).update(salt).update(path).digest().subarray(0, size);
}

/** @throws {ImagesError} `signature` */
export function verifySignature({ signature, path }: SignedPath, config: SignatureConfig): void {
  if (config.keys.length === 0) {
    if (!signature.includes(':')) return;
    const text =
      'The signature appears to be a processing option. The signature section should always be present in the URL.';
    throw new ImagesError('signature', text, { text });
  }
  if (config.trustedSignatures.includes(signature)) return;
  // Go's decoder without padding: anything else than its alphabet is no signature, nor are bits that say nothing.
  const given = Buffer.from(signature, 'base64url');
  if (!/^[A-Za-z0-9_-]+$/.test(signature) || signature.length % 4 === 1) {
    throw new ImagesError('signature', 'Invalid signature encoding');
  }
  const signed = `/${path}`;
  for (const key of config.keys) {
    const expected = signPath(signed, key, config.signatureSize);
    if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  }
  throw new ImagesError('signature', 'Invalid signature');
}
