/** How long an answer may be kept. Pure. */
import type { SourceHeaders } from '../source/types.ts';

export interface Freshness {
  /** Seconds. */
  readonly ttl: number;
  readonly passthrough: boolean;
  /** Seconds since 1970, of the option `expires`; the answer does not outlive it. */
  readonly expires: number | undefined;
  /** Of a fallback image; 0 for none of its own. */
  readonly fallbackTtl: number;
  readonly nowS: number;
}

/** The value of Cache-Control; an answer of 400 and more has one only where a setting or an option says so. */
export function cacheControl(status: number, source: SourceHeaders, freshness: Freshness): string | null {
  const explicit = explicitAge(freshness);
  if (explicit > 0) return maxAge(explicit);
  if (status >= 400) return null;
  if (freshness.passthrough && explicit <= 0) {
    if (source['cache-control']) return source['cache-control'];
    const until = Date.parse(source.expires ?? '') / 1000 - freshness.nowS;
    if (until >= 1) return maxAge(Math.trunc(until));
  }
  return freshness.ttl > 0 ? maxAge(freshness.ttl) : 'no-cache';
}

const maxAge = (seconds: number): string => `max-age=${seconds}, public`;

/** -1 without any. */
function explicitAge({ expires, fallbackTtl, ttl, nowS }: Freshness): number {
  let age = fallbackTtl > 0 ? fallbackTtl : -1;
  if (expires === undefined) return age;
  const left = expires - nowS;
  if (age < 0 || left < age) age = Math.min(ttl, Math.max(0, Math.trunc(left)));
  return age;
}
