/** Settings of answers: how long they hold, what they tell, and what the client's headers decide. Pure. */
import type { Env } from '@peakstone/kernel/service';
import { flag, read, text, whole } from './read.ts';

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

export function readAnswers(env: Env): AnswersConfig {
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

/**
 * Whether formats are negotiated in the words of imgproxy 4, which does not read `ENABLE_CLIENT_HINTS`: it is answered as there.
 * 3 does, and so do we in its words, or where hints are all that is asked for.
 */
function speaksFour(env: Env): boolean {
  return ['AUTO_WEBP', 'AUTO_AVIF', 'AUTO_JXL'].some(name => flag(env, name));
}

/** The setting that is not heeded; null where all are. */
export function unheededHints(env: Env): string | null {
  if (!flag(env, 'ENABLE_CLIENT_HINTS') || flag(env, 'CLIENT_HINTS') || !speaksFour(env)) return null;
  return 'IMGPROXY_ENABLE_CLIENT_HINTS has no effect beside IMGPROXY_AUTO_…, as in imgproxy 4; IMGPROXY_CLIENT_HINTS has one.';
}

export function readFeaturesConfig(env: Env): FeaturesConfig {
  return {
    autoWebp: flag(env, ['AUTO_WEBP', 'ENABLE_WEBP_DETECTION']),
    autoAvif: flag(env, ['AUTO_AVIF', 'ENABLE_AVIF_DETECTION']),
    enforceWebp: flag(env, 'ENFORCE_WEBP'),
    enforceAvif: flag(env, 'ENFORCE_AVIF'),
    clientHints: flag(env, 'CLIENT_HINTS') || (flag(env, 'ENABLE_CLIENT_HINTS') && !speaksFour(env)),
  };
}
