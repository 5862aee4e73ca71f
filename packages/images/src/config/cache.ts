/** Settings of the internal cache, which the reference does not have outside of its Pro version. */
import type { Env } from '@peakstone/kernel/service';
import { seconds, text, whole } from './read.ts';

export interface CacheConfig {
  /** Null: none. */
  readonly folder: string | null;
  readonly maxBytes: number;
  /** How long an answer is given without asking the source whether it still holds. */
  readonly trustMs: number;
}

const MEGABYTE = 1024 * 1024;

export function cacheConfig(env: Env): CacheConfig {
  const folder = text(env, 'CACHE_PATH');
  return {
    folder: folder === '' ? null : folder,
    maxBytes: whole(env, 'CACHE_MAX_MEGABYTES', 512, { least: 1 }) * MEGABYTE,
    trustMs: seconds(env, 'CACHE_REVALIDATE', 60),
  };
}
