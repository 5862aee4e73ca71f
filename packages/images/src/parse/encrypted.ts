/**
 * Sources that are nobody's to read: AES in blocks (CBC), the initial vector first. Pure.
 * @see https://docs.imgproxy.net/usage/encrypting_source_url
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const BLOCK = 16;
/** Bytes of a key. */
export const keySizes: readonly number[] = [16, 24, 32];

const cipherOf = (key: Buffer): string => `aes-${key.length * 8}-cbc`;

/** The vector follows from the source, so that the same source has the same URL and is kept once. */
export function encryptSource(source: string, key: Buffer): Buffer {
  const vector = createHmac('sha256', key).update(source).digest().subarray(0, BLOCK);
  const cipher = createCipheriv(cipherOf(key), key, vector);
  return Buffer.concat([vector, cipher.update(source), cipher.final()]);
}

/** Undefined for what was not encrypted with this key. */
export function decryptSource(bytes: Buffer, key: Buffer): string | undefined {
  if (bytes.length < 2 * BLOCK || bytes.length % BLOCK !== 0) return undefined;
  const decipher = createDecipheriv(cipherOf(key), key, bytes.subarray(0, BLOCK));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(BLOCK)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
