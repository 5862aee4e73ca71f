/** Which bucket and key a request means. Pure. */
import { S3Error } from '../errors/s3Error.ts';
import { maxKeyBytes } from '../store/index/keys.ts';

export interface Target {
  /** Empty: the service itself. */
  readonly bucket: string;
  /** Decoded; empty: the bucket itself. */
  readonly key: string;
}

/**
 * Reads the raw request path: nothing but percent-decoding is done to a key, since `..`, `//` and a leading slash are
 * parts of it like any other.
 * @param domains hosts whose subdomains are buckets (virtual-host style)
 * @throws {S3Error} InvalidURI, KeyTooLongError, InvalidArgument
 */
export function readTarget(path: string, host: string | undefined, domains: readonly string[]): Target {
  const virtual = bucketOfHost(host, domains);
  const rest = path.slice(1);
  if (virtual !== undefined) return { bucket: virtual, key: readKey(rest) };
  const slash = rest.indexOf('/');
  if (slash < 0) return { bucket: decodePath(rest), key: '' };
  return { bucket: decodePath(rest.slice(0, slash)), key: readKey(rest.slice(slash + 1)) };
}

/** Of a request in virtual-host style. */
export function bucketOfHost(host: string | undefined, domains: readonly string[]): string | undefined {
  if (host === undefined || domains.length === 0) return undefined;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  for (const domain of domains) {
    if (name.endsWith(`.${domain}`)) return name.slice(0, -domain.length - 1);
  }
  return undefined;
}

function readKey(encoded: string): string {
  const key = decodePath(encoded);
  assertKey(key);
  return key;
}

/** @throws {S3Error} for what can be no key */
export function assertKey(key: string): void {
  if (key.length > maxKeyBytes || (key.length * 3 > maxKeyBytes && Buffer.byteLength(key) > maxKeyBytes))
    throw new S3Error('KeyTooLongError', {
      elements: { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(maxKeyBytes) },
    });
  if (key.includes('\0')) throw new S3Error('InvalidArgument', 'Object key must not hold a NUL character.');
}

/** Percent-decodes once; `+` stays a plus. @throws {S3Error} InvalidURI for what is no UTF-8 */
export function decodePath(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // The only failure is a sequence that decodes to no text.
    throw new S3Error('InvalidURI');
  }
}
