/** Signatures of S3 requests. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
import { createHash, createHmac } from 'node:crypto';

/** What a signature covers of an address; a `URL` is one. */
export interface SignedAddress {
  readonly host: string;
  /** Encoded. */
  readonly pathname: string;
  readonly searchParams: Iterable<readonly [string, string]>;
}

export interface Signer {
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * The headers of a request, signed; all that are given become part of the signature.
 * @param digest SHA-256 of the body, as hex
 */
export function sign(
  { region, accessKey, secretKey }: Signer,
  method: string,
  url: SignedAddress,
  headers: Readonly<Record<string, string>>,
  digest: string,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const all: Record<string, string> = { ...headers, 'x-amz-date': time };
  const signed = Object.entries({ ...all, host: url.host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ {2,}/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const query = [...url.searchParams]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(pair => pair.join('='))
    .join('&');
  const request = [
    method,
    // Keys hold only what stands for itself in a URL.
    url.pathname,
    query,
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    digest,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join(
    '\n',
  );
  const key = ['aws4_request', 's3', region, time.slice(0, 8)].reduceRight<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${secretKey}`),
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    ...all,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** Everything but what a URL may hold unescaped. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
