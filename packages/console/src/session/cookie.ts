/** The cookie of a session: for the console's path alone, unreadable for scripts, sent by no other site's page. */
import type { HttpRequest } from '@peakstone/kernel/http';
import { LIFETIME_MS } from './sessions.ts';

const NAME = 'peakstone_console';
/** Browsers take a name with this prefix over TLS alone, so that nobody on the way can plant one. */
const SECURE_NAME = `__Secure-${NAME}`;

export function isOverTls({ headers }: HttpRequest): boolean {
  return headers['x-forwarded-proto'] === 'https';
}

/** @see https://www.rfc-editor.org/rfc/rfc6265#section-4.1 */
export function sessionCookie(request: HttpRequest, id: string): string {
  const secure = isOverTls(request);
  const age = id === '' ? 0 : LIFETIME_MS / 1000;
  return `${secure ? SECURE_NAME : NAME}=${id}; Path=/console; HttpOnly; SameSite=Strict; Max-Age=${age}${secure ? '; Secure' : ''}`;
}

/** Undefined where the request has none. */
export function sessionId(request: HttpRequest): string | undefined {
  const name = isOverTls(request) ? SECURE_NAME : NAME;
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
