/** Settings of where pictures come from. */
import type { Env } from '@peakstone/kernel/service';
import type { CookieConfig } from '../source/cookies.ts';
import type { HttpSourceConfig } from '../source/http.ts';
import type { S3Config } from '../source/s3.ts';
import { parseWebUrl, type SourcePattern } from '../source/sourceUrl.ts';
import { productVersion } from '../version.ts';
import { fileOf, flag, list, prefixPattern, seconds, text, webUrl, whole } from './read.ts';

export interface SourcesConfig extends HttpSourceConfig, CookieConfig {
  /** None: all. */
  readonly allowed: readonly SourcePattern[];
  readonly downloadTimeoutMs: number;
  readonly maxFileBytes: number;
  /** Null: no files. */
  readonly localRoot: string | null;
  /** Null: no buckets. */
  readonly s3: S3Config | null;
}

export function readSources(env: Env): SourcesConfig {
  const root = text(env, 'LOCAL_FILESYSTEM_ROOT');
  return {
    // A comma too many would be a beginning of everything.
    allowed: list(env, 'ALLOWED_SOURCES')
      .filter(pattern => pattern !== '')
      .map(sourcePattern),
    allowLoopback: flag(env, 'ALLOW_LOOPBACK_SOURCE_ADDRESSES'),
    allowLinkLocal: flag(env, 'ALLOW_LINK_LOCAL_SOURCE_ADDRESSES'),
    allowPrivate: flag(env, 'ALLOW_PRIVATE_SOURCE_ADDRESSES', true),
    userAgent: text(env, 'USER_AGENT', 'imgproxy/%current_version').replaceAll(
      '%current_version',
      productVersion,
    ),
    maxRedirects: whole(env, 'MAX_REDIRECTS', 10),
    ignoreSslVerification: flag(env, 'IGNORE_SSL_VERIFICATION'),
    keepAliveMs: seconds(env, 'CLIENT_KEEP_ALIVE_TIMEOUT', 90),
    downloadTimeoutMs: seconds(env, 'DOWNLOAD_TIMEOUT', 5, { least: 1 }),
    maxFileBytes: whole(env, 'MAX_SRC_FILE_SIZE', 0),
    cookiePassthrough: flag(env, 'COOKIE_PASSTHROUGH'),
    cookiePassthroughAll: flag(env, 'COOKIE_PASSTHROUGH_ALL'),
    cookieBaseUrl: webUrl(env, 'COOKIE_BASE_URL'),
    localRoot: root === '' ? null : root,
    s3: flag(env, 'USE_S3') ? readS3(env) : null,
  };
}

/** What such a beginning leads to has its host in lower case, no port that goes without saying, and what is no ASCII escaped. */
function sourcePattern(written: string): SourcePattern {
  const [, begin = '', scheme = '', host = '', rest = ''] =
    /^((https?):\/\/([^/*]*))(.*)$/is.exec(written) ?? [];
  const url = host === '' ? '' : parseWebUrl(begin);
  const origin = url instanceof URL ? url.origin : begin.toLowerCase();
  const [more = ''] = rest.split('/', 1);
  const path = encodeURI(rest.slice(more.length)).replaceAll('%25', '%');
  const reached = scheme === '' ? written : `${origin}${more.toLowerCase()}${path}`;
  return { written: prefixPattern(written), reached: prefixPattern(reached) };
}

function readS3(env: Env): S3Config {
  const accessKey = text(env, 'AWS_ACCESS_KEY_ID');
  return {
    region: text(env, ['S3_REGION', 'AWS_REGION'], 'us-west-1'),
    endpoint: webUrl(env, 'S3_ENDPOINT')?.href ?? null,
    pathStyle: flag(env, 'S3_ENDPOINT_USE_PATH_STYLE', true),
    credentials: accessKey === '' ? null : { accessKey, secretKey: text(env, 'AWS_SECRET_ACCESS_KEY') },
    origins: originsOf(env),
    allowedBuckets: list(env, 'S3_ALLOWED_BUCKETS').filter(name => name !== ''),
    deniedBuckets: list(env, 'S3_DENIED_BUCKETS').filter(name => name !== ''),
  };
}

/** The store's own, and others that lead to it: `IMGPROXY_S3_ORIGINS`, such as `http://minio:9000`. */
function originsOf(env: Env): readonly string[] {
  const own = webUrl(env, 'S3_ENDPOINT')?.origin;
  const others = list(env, 'S3_ORIGINS').map(text => URL.parse(text)?.origin ?? text);
  return [...(own === undefined ? [] : [own]), ...others];
}

/** A picture of the settings: its bytes, or where they are. */
export type ImageSetting =
  | { readonly kind: 'none' }
  | { readonly kind: 'data'; readonly data: Buffer }
  | { readonly kind: 'url'; readonly url: string };

/** A picture that the settings give as data, a file or an address. */
export function readImage(env: Env, name: string): ImageSetting {
  const data = text(env, `${name}_DATA`);
  if (data !== '') return { kind: 'data', data: Buffer.from(data, 'base64') };
  const file = fileOf(env, `${name}_PATH`);
  if (file !== null) return { kind: 'data', data: file };
  const url = text(env, `${name}_URL`);
  return url === '' ? { kind: 'none' } : { kind: 'url', url };
}
