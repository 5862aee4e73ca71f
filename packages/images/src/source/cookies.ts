/** Cookies that a source sets on its way through redirects; they live as long as the request. Pure. */
import type { SourceUrl } from './sourceUrl.ts';

const most = 50;

/** By host: a cookie goes back only to who set it. */
export function addCookies(cookies: Map<string, string>, url: URL, lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = ''] = line.split(';', 1);
    const equals = pair.indexOf('=');
    if (equals > 0 && cookies.size < most) {
      cookies.set(`${url.host}\0${pair.slice(0, equals).trim()}`, pair.slice(equals + 1).trim());
    }
  }
}

export function cookieHeader(cookies: ReadonlyMap<string, string>, url: URL): string {
  return [...cookies]
    .filter(([key]) => key.startsWith(`${url.host}\0`))
    .map(([key, value]) => `${key.slice(key.indexOf('\0') + 1)}=${value}`)
    .join('; ');
}

export interface CookieConfig {
  readonly cookiePassthrough: boolean;
  readonly cookiePassthroughAll: boolean;
  /** Where the clients' cookies belong; null for where their requests went. */
  readonly cookieBaseUrl: URL | null;
}

/** The client's cookies, where they are the source's as well. */
export function passedCookies(
  headers: Readonly<Record<string, string | undefined>>,
  source: SourceUrl,
  config: CookieConfig,
): string | undefined {
  const { cookie } = headers;
  if (!config.cookiePassthrough || cookie === undefined) return undefined;
  if (config.cookiePassthroughAll) return cookie;
  const base = config.cookieBaseUrl?.hostname ?? hostOf(headers['x-forwarded-host'] ?? headers.host ?? '');
  return source.kind === 'web' && source.url.hostname === base ? cookie : undefined;
}

const hostOf = (text: string): string => URL.parse(`http://${text}`)?.hostname ?? '';
