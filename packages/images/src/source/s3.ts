/** Objects of an S3 bucket: `s3://BUCKET/KEY?VERSION`. */
import { createHash } from 'node:crypto';
import { sign } from '@peakstone/kernel/sigv4';
import { hasDotSegments, type WebUrl } from './sourceUrl.ts';
import { localResponse, type ObjectReader, type WebReader } from './types.ts';

export interface S3Config {
  readonly region: string;
  /** Origin of a server that is not Amazon's; null for Amazon's. */
  readonly endpoint: string | null;
  /** Whether buckets are paths there, not names of hosts. */
  readonly pathStyle: boolean;
  /** None: requests go unsigned, to what everybody may read. */
  readonly credentials: { readonly accessKey: string; readonly secretKey: string } | null;
  /** Where else the same store is known: what is asked for there is read as its user, too, unless the URL is signed itself. */
  readonly origins: readonly string[];
  readonly allowedBuckets: readonly string[];
  readonly deniedBuckets: readonly string[];
}

const emptyDigest = createHash('sha256').digest('hex');

/** @param read fetches what the URL leads to, wherever that is: the operator has named the server */
export function createS3Source(config: S3Config, read: WebReader): ObjectReader {
  return async ({ source: { bucket, key, query }, headers, signal }) => {
    if (!isName(bucket) || key === '' || hasDotSegments(key) || !isAllowed(bucket, config)) {
      return localResponse(404, { 'content-type': 'text/plain' }, 'There is no such object.');
    }
    const target = webUrl(objectUrl(config, bucket, key, query));
    const sent = signed(target.url, headers, config);
    return await read({ source: target, headers: sent, signal });
  };
}

const isName = (bucket: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bucket);

function isAllowed(bucket: string, { allowedBuckets, deniedBuckets }: S3Config): boolean {
  return (allowedBuckets.length === 0 || allowedBuckets.includes(bucket)) && !deniedBuckets.includes(bucket);
}

const webUrl = (url: URL): WebUrl => ({
  kind: 'web',
  scheme: url.protocol.slice(0, -1),
  text: url.href,
  url,
});

function objectUrl(config: S3Config, bucket: string, key: string, version: string): URL {
  const { endpoint, region, pathStyle } = config;
  const origin = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const escaped = key.split('/').map(escapeStrictly).join('/');
  const query = version === '' ? '' : `?versionId=${escapeStrictly(version)}`;
  const base = origin.pathname.replace(/\/$/, '');
  return pathStyle
    ? new URL(`${origin.origin}${base}/${escapeStrictly(bucket)}/${escaped}${query}`)
    : new URL(`${origin.protocol}//${bucket}.${origin.host}${base}/${escaped}${query}`);
}

function signed(
  url: URL,
  headers: Readonly<Record<string, string | undefined>>,
  { credentials, region }: S3Config,
): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent[name] = value;
  if (credentials === null) return sent;
  const all = { ...sent, 'x-amz-content-sha256': emptyDigest };
  return sign({ region, ...credentials }, 'GET', url, all, emptyDigest, new Date());
}

/** Everything but what a URL may hold unescaped, as signatures want it. */
function escapeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Reads URLs of the store, `ORIGIN/BUCKET/KEY`, as its objects: they may be private, as those of `s3://` are.
 * @param store fetches what is signed itself from the store, wherever that is
 */
export function readStoreUrls(
  web: WebReader,
  objects: ObjectReader,
  store: WebReader,
  origins: readonly string[],
): WebReader {
  return async request => {
    const { url, text } = request.source;
    if (!origins.includes(url.origin)) return await web(request);
    // Wherever the store is: what may be reached by redirects of others is no wider for it.
    if (isSigned(url)) return await store(request);
    const place = decodePath(url.pathname);
    if (place === null) return await web(request);
    const [, bucket = '', ...key] = place.split('/');
    const query = url.searchParams.get('versionId') ?? '';
    const source = { kind: 'object', scheme: 's3', text, bucket, key: key.join('/'), query } as const;
    return await objects({ ...request, source });
  };
}

/** It says itself that whoever has it may: presigned for S3, or with a token of the store's own. */
function isSigned({ searchParams }: URL): boolean {
  return searchParams.has('X-Amz-Signature') || searchParams.has('token');
}

/** Null for what is no UTF-8. */
function decodePath(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}
