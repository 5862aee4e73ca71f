import { createHmac } from 'node:crypto';

const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;

/**
 * Signs claims with a shared secret, as for the anonymous and service tokens. Pure.
 * @example signJwt({ role: 'anon', iss: 'peakstone' }, secret)
 */
export function signJwt(
  claims: Readonly<Record<string, unknown>>,
  secret: string | Uint8Array,
  options: { algorithm?: keyof typeof HASHES; kid?: string } = {},
): string {
  const alg = options.algorithm ?? 'HS256';
  const header = { alg, typ: 'JWT', ...(options.kid !== undefined && { kid: options.kid }) };
  const signed = `${segment(header)}.${segment(claims)}`;
  return `${signed}.${createHmac(HASHES[alg], secret).update(signed).digest('base64url')}`;
}

function segment(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
