/**
 * The settings, `IMGPROXY_*`, as one table by what they are about.
 * @see https://docs.imgproxy.net/configuration/options
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ConfigError, parseEnvFile } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { type CacheConfig, cacheConfig } from './config/cache.ts';
import {
  decimal,
  fileOf,
  flag,
  formatsOf,
  hexes,
  list,
  megapixels,
  prefixPattern,
  qualities,
  read,
  seconds,
  text,
  webUrl,
  whole,
  word,
} from './config/read.ts';
import type { EngineConfig } from './engine/types.ts';
import { webpPresets } from './engine/vips/enums.ts';
import { type Format, savable } from './formats.ts';
import type { OptionsConfig } from './parse/options.ts';
import { assertPresets, parsePresets } from './parse/presets.ts';
import type { SignatureConfig } from './parse/signature.ts';
import type { Replacement } from './parse/source.ts';
import type { CookieConfig } from './source/cookies.ts';
import type { HttpSourceConfig } from './source/http.ts';
import type { S3Config } from './source/s3.ts';
import { productVersion } from './version.ts';

export interface ImagesConfig {
  readonly server: ServerConfig;
  readonly signature: SignatureConfig;
  readonly options: OptionsConfig;
  readonly engine: EngineConfig;
  readonly sources: SourcesConfig;
  readonly answers: AnswersConfig;
  readonly features: FeaturesConfig;
  readonly watermark: ImageSetting;
  readonly fallback: ImageSetting;
  readonly cache: CacheConfig;
  /** Lines for the operator: what is set and has no effect. */
  readonly warnings: readonly string[];
}

export interface ServerConfig {
  /** A path of a unix socket, or host and port. */
  readonly bind: { readonly host: string; readonly port: number } | { readonly socketPath: string };
  readonly reusePort: boolean;
  /** Begins with a slash, or is empty. */
  readonly pathPrefix: string;
  readonly healthPath: string;
  readonly timeoutMs: number;
  readonly readTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly stopTimeoutMs: number;
  readonly workers: number;
  /** Requests that wait for a worker; 0 for any number. */
  readonly queueSize: number;
  readonly maxClients: number;
  readonly memoryIntervalMs: number;
  /** Null without metrics. */
  readonly metricsBind: { readonly host: string; readonly port: number } | null;
  readonly metricsNamespace: string;
  readonly secret: string;
  readonly allowOrigin: string;
  readonly developmentErrors: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'pretty' | 'auto';
}

export interface SourcesConfig extends HttpSourceConfig, CookieConfig {
  /** None: all. */
  readonly allowed: readonly RegExp[];
  readonly downloadTimeoutMs: number;
  readonly maxFileBytes: number;
  readonly querySeparator: string;
  /** Null: no files. */
  readonly localRoot: string | null;
  /** Null: no buckets. */
  readonly s3: S3Config | null;
}

export interface AnswersConfig {
  /** Seconds. */
  readonly ttl: number;
  readonly cacheControlPassthrough: boolean;
  readonly canonicalHeader: boolean;
  readonly debugHeaders: boolean;
  readonly useEtag: boolean;
  readonly etagBuster: string;
  readonly useLastModified: boolean;
  readonly lastModifiedBuster: Date | null;
  readonly returnAttachment: boolean;
  /** 0: the status of what went wrong. */
  readonly fallbackStatus: number;
  /** Seconds; 0: as any other picture. */
  readonly fallbackTtl: number;
}

/** What the client's headers decide. */
export interface FeaturesConfig {
  readonly autoWebp: boolean;
  readonly autoAvif: boolean;
  readonly enforceWebp: boolean;
  readonly enforceAvif: boolean;
  readonly clientHints: boolean;
}

/** A picture of the settings: its bytes, or where they are. */
export type ImageSetting =
  | { readonly kind: 'none' }
  | { readonly kind: 'data'; readonly data: Buffer }
  | { readonly kind: 'url'; readonly url: string };

/** Reads the settings. Effect: reads the files that they name. @throws {ConfigError} naming the variable */
export function readImagesConfig(outer: Env): ImagesConfig {
  const env = withEnvFile(outer);
  const options = readOptions(env);
  const unsupported = ['AUTO_JXL', 'ENFORCE_JXL'].filter(name => flag(env, name));
  return {
    server: readServer(env),
    signature: readSignature(env),
    options,
    engine: readEngine(env),
    sources: readSources(env),
    answers: readAnswers(env),
    features: {
      autoWebp: flag(env, ['AUTO_WEBP', 'ENABLE_WEBP_DETECTION']),
      autoAvif: flag(env, ['AUTO_AVIF', 'ENABLE_AVIF_DETECTION']),
      enforceWebp: flag(env, 'ENFORCE_WEBP'),
      enforceAvif: flag(env, 'ENFORCE_AVIF'),
      clientHints: flag(env, 'ENABLE_CLIENT_HINTS'),
    },
    watermark: readImage(env, 'WATERMARK'),
    fallback: readImage(env, 'FALLBACK_IMAGE'),
    cache: cacheConfig(env),
    warnings: unsupported.map(
      name => `IMGPROXY_${name} has no effect: libvips is distributed without JPEG XL.`,
    ),
  };
}

function withEnvFile(outer: Env): Env {
  const file = outer.IMGPROXY_ENV_LOCAL_FILE_PATH;
  if (!file) return outer;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError('IMGPROXY_ENV_LOCAL_FILE_PATH', 'the path of a readable file', {
      got: file,
      cause,
    });
  }
  return { ...outer, ...parseEnvFile(content, outer) };
}

function readServer(env: Env): ServerConfig {
  const port = text(env, 'PORT');
  const bind = text(env, 'BIND', port === '' ? ':8080' : `:${port}`);
  const metrics = text(env, 'PROMETHEUS_BIND');
  return {
    bind: text(env, 'NETWORK') === 'unix' ? { socketPath: bind } : readBind(bind, 'IMGPROXY_BIND'),
    reusePort: flag(env, 'SO_REUSEPORT'),
    pathPrefix: readPath(text(env, 'PATH_PREFIX')),
    healthPath: readPath(text(env, 'HEALTH_CHECK_PATH')),
    timeoutMs: seconds(env, ['TIMEOUT', 'WRITE_TIMEOUT'], 10, { least: 1 }),
    readTimeoutMs: seconds(env, ['READ_REQUEST_TIMEOUT', 'READ_TIMEOUT'], 10, { least: 1 }),
    keepAliveMs: seconds(env, 'KEEP_ALIVE_TIMEOUT', 10),
    stopTimeoutMs: seconds(env, 'GRACEFUL_STOP_TIMEOUT', 20),
    workers: whole(env, ['WORKERS', 'CONCURRENCY'], availableParallelism() * 2, { least: 1, most: 256 }),
    queueSize: whole(env, 'REQUESTS_QUEUE_SIZE', 0),
    maxClients: whole(env, 'MAX_CLIENTS', 2048),
    memoryIntervalMs: seconds(env, 'FREE_MEMORY_INTERVAL', 10),
    metricsBind: metrics === '' ? null : readBind(metrics, 'IMGPROXY_PROMETHEUS_BIND'),
    metricsNamespace: text(env, 'PROMETHEUS_NAMESPACE'),
    secret: text(env, 'SECRET'),
    allowOrigin: text(env, 'ALLOW_ORIGIN'),
    developmentErrors: flag(env, 'DEVELOPMENT_ERRORS_MODE'),
    logLevel: word(env, 'LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
    logFormat: readLogFormat(env),
  };
}

const logFormats = { pretty: 'pretty', structured: 'json', json: 'json', gcp: 'json' } as const;

function readLogFormat(env: Env): ServerConfig['logFormat'] {
  const names = Object.keys(logFormats) as (keyof typeof logFormats)[];
  return text(env, 'LOG_FORMAT') === '' ? 'auto' : logFormats[word(env, 'LOG_FORMAT', names, 'pretty')];
}

/** `host:port`, `:port` for all addresses. */
function readBind(bind: string, name: string): { readonly host: string; readonly port: number } {
  const match = /^(.*):(\d{1,5})$/.exec(bind);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new ConfigError(name, 'an address such as :8080 or 127.0.0.1:8080', { got: bind });
  }
  return { host: match[1]!.replace(/^\[|\]$/g, '') || '::', port };
}

/** With a slash before it and none behind. */
function readPath(path: string): string {
  const plain = path.replace(/[?#].*$/s, '').replace(/\/$/, '');
  return plain === '' || plain.startsWith('/') ? plain : `/${plain}`;
}

function readSignature(env: Env): SignatureConfig {
  const [keys, salts] = [hexes(env, 'KEY'), hexes(env, 'SALT')];
  if (keys.length !== salts.length) {
    throw new ConfigError('IMGPROXY_SALT', `as many salts as there are keys, which are ${keys.length}`);
  }
  return {
    keys: keys.map((key, index) => ({ key, salt: salts[index]! })),
    signatureSize: whole(env, 'SIGNATURE_SIZE', 32, { least: 1, most: 32 }),
    trustedSignatures: list(env, 'TRUSTED_SIGNATURES'),
  };
}

function readOptions(env: Env): OptionsConfig {
  const argumentsSeparator = text(env, 'ARGUMENTS_SEPARATOR', ':');
  const lines = list(env, 'PRESETS', text(env, 'PRESETS_SEPARATOR', ','));
  const fromFile = (fileOf(env, 'PRESETS_PATH')?.toString() ?? '').split('\n');
  try {
    const config: OptionsConfig = {
      presets: parsePresets([...lines, ...fromFile], argumentsSeparator),
      onlyPresets: flag(env, 'ONLY_PRESETS'),
      allowedOptions: list(env, 'ALLOWED_PROCESSING_OPTIONS').filter(name => name !== ''),
      allowSecurityOptions: flag(env, 'ALLOW_SECURITY_OPTIONS'),
      argumentsSeparator,
      baseUrl: text(env, 'BASE_URL'),
      replacements: readReplacements(env),
      filenameInUrl: flag(env, 'BASE64_URL_INCLUDES_FILENAME'),
    };
    assertPresets(config);
    return config;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(
      'IMGPROXY_PRESETS',
      `presets such as thumb=rs:fill:100:100 (${(cause as Error).message})`,
      {
        cause,
      },
    );
  }
}

/** `pattern=replacement;…`, the pattern with wildcards that `${1}` repeats. */
function readReplacements(env: Env): readonly Replacement[] {
  const pairs = text(env, 'URL_REPLACEMENTS');
  if (pairs === '') return [];
  return pairs.split(';').map(pair => {
    const equals = pair.indexOf('=');
    if (equals < 0) {
      throw new ConfigError(
        'IMGPROXY_URL_REPLACEMENTS',
        'pairs such as old://=s3://bucket/;x://*/=https://$1/',
        {
          got: pair,
        },
      );
    }
    return {
      pattern: prefixPattern(pair.slice(0, equals)),
      replacement: pair.slice(equals + 1).replace(/\$\{(\d)\}/g, '$$$1'),
    };
  });
}

function readEngine(env: Env): EngineConfig {
  const preferred = formatsOf(env, 'PREFERRED_FORMATS', ['jpeg', 'png', 'gif']).filter(format =>
    savable.has(format),
  );
  if (preferred.length === 0) {
    throw new ConfigError('IMGPROXY_PREFERRED_FORMATS', 'at least one format that can be written');
  }
  const share = { least: 1, most: 100 };
  return {
    preferredFormats: preferred,
    skipFormats: formatsOf(env, 'SKIP_PROCESSING_FORMATS', []),
    watermarkOpacity: decimal(env, 'WATERMARK_OPACITY', 1, { most: 1 }),
    disableShrinkOnLoad: flag(env, 'DISABLE_SHRINK_ON_LOAD'),
    useLinearColorspace: flag(env, 'USE_LINEAR_COLORSPACE'),
    alwaysRasterizeSvg: flag(env, 'ALWAYS_RASTERIZE_SVG'),
    sanitizeSvg: flag(env, 'SANITIZE_SVG', true),
    quality: whole(env, 'QUALITY', 80, share),
    formatQuality: qualities(env, 'FORMAT_QUALITY', { webp: 79, avif: 63, jxl: 77 } satisfies Partial<
      Record<Format, number>
    >),
    stripMetadata: flag(env, 'STRIP_METADATA', true),
    keepCopyright: flag(env, 'KEEP_COPYRIGHT', true),
    stripColorProfile: flag(env, 'STRIP_COLOR_PROFILE', true),
    autoRotate: flag(env, 'AUTO_ROTATE', true),
    enforceThumbnail: flag(env, 'ENFORCE_THUMBNAIL'),
    preserveHdr: flag(env, 'PRESERVE_HDR'),
    jpegProgressive: flag(env, 'JPEG_PROGRESSIVE'),
    pngInterlaced: flag(env, 'PNG_INTERLACED'),
    pngQuantize: flag(env, 'PNG_QUANTIZE'),
    pngQuantizationColors: whole(env, 'PNG_QUANTIZATION_COLORS', 256, { least: 2, most: 256 }),
    webpPreset: word(env, 'WEBP_PRESET', Object.keys(webpPresets) as (keyof typeof webpPresets)[], 'default'),
    avifSpeed: whole(env, 'AVIF_SPEED', 8, { most: 9 }),
    webpEffort: whole(env, 'WEBP_EFFORT', 4, { least: 1, most: 6 }),
    pngUnlimited: flag(env, 'PNG_UNLIMITED'),
    svgUnlimited: flag(env, 'SVG_UNLIMITED'),
    tiffUnlimited: flag(env, 'TIFF_UNLIMITED'),
    maxSrcResolution: megapixels(env, 'MAX_SRC_RESOLUTION', 50),
    maxAnimationFrames: whole(env, 'MAX_ANIMATION_FRAMES', 1, { least: 1 }),
    maxAnimationFrameResolution: megapixels(env, 'MAX_ANIMATION_FRAME_RESOLUTION', 0),
    maxResultDimension: whole(env, 'MAX_RESULT_DIMENSION', 0),
  };
}

function readSources(env: Env): SourcesConfig {
  const root = text(env, 'LOCAL_FILESYSTEM_ROOT');
  return {
    allowed: list(env, 'ALLOWED_SOURCES').map(prefixPattern),
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
    querySeparator: text(env, 'SOURCE_URL_QUERY_SEPARATOR', '?'),
    cookiePassthrough: flag(env, 'COOKIE_PASSTHROUGH'),
    cookiePassthroughAll: flag(env, 'COOKIE_PASSTHROUGH_ALL'),
    cookieBaseUrl: webUrl(env, 'COOKIE_BASE_URL'),
    localRoot: root === '' ? null : root,
    s3: flag(env, 'USE_S3') ? readS3(env) : null,
  };
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

function readAnswers(env: Env): AnswersConfig {
  return {
    ttl: whole(env, 'TTL', 31_536_000),
    cacheControlPassthrough: flag(env, 'CACHE_CONTROL_PASSTHROUGH'),
    canonicalHeader: flag(env, 'SET_CANONICAL_HEADER'),
    debugHeaders: flag(env, 'ENABLE_DEBUG_HEADERS'),
    useEtag: flag(env, 'USE_ETAG', true),
    etagBuster: text(env, 'ETAG_BUSTER'),
    useLastModified: flag(env, 'USE_LAST_MODIFIED', true),
    lastModifiedBuster: read<Date | null>(
      env,
      'LAST_MODIFIED_BUSTER',
      null,
      'a time such as 2026-01-02T15:04:05Z',
      value => {
        const time = Date.parse(value);
        return /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(time) ? new Date(time) : undefined;
      },
    ),
    returnAttachment: flag(env, 'RETURN_ATTACHMENT'),
    fallbackStatus: read(env, 'FALLBACK_IMAGE_HTTP_CODE', 200, '0 or a status from 100 to 599', value => {
      const status = Number(value);
      return /^\d{1,3}$/.test(value) && (status === 0 || (status >= 100 && status <= 599))
        ? status
        : undefined;
    }),
    fallbackTtl: whole(env, 'FALLBACK_IMAGE_TTL', 0),
  };
}

function readImage(env: Env, name: string): ImageSetting {
  const data = text(env, `${name}_DATA`);
  if (data !== '') return { kind: 'data', data: Buffer.from(data, 'base64') };
  const file = fileOf(env, `${name}_PATH`);
  if (file !== null) return { kind: 'data', data: file };
  const url = text(env, `${name}_URL`);
  return url === '' ? { kind: 'none' } : { kind: 'url', url };
}
