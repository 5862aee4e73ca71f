/**
 * Who may speak to the console at all, before anything of a request is read: pages of other sites may send requests with
 * our cookie, and a name of theirs may lead to this machine (DNS rebinding).
 */
import { isIP } from 'node:net';
import type { HttpRequest } from '@peakstone/kernel/http';
import { Refusal } from '../refusal.ts';

/** The host of a request's `Host`, without its port. Pure. */
export function hostOf(header: string | undefined): string {
  const host = (header ?? '').toLowerCase();
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  return host.replace(/:\d+$/, '');
}

/**
 * Whether a name is this stack's. An address is: only names can be made to lead elsewhere.
 * @param own names that it is served under
 */
export function isOwnHost(header: string | undefined, own: ReadonlySet<string>): boolean {
  const host = hostOf(header);
  return isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost') || own.has(host);
}

/** @throws {Refusal} the request was made by a page of another origin, or by none of ours */
export function assertSameOrigin({ headers }: HttpRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw foreign();
  const origin = headers.origin;
  // Programs send none; a page always does with a POST.
  if (origin === undefined) return;
  const host = URL.canParse(origin) ? new URL(origin).host : null;
  if (host === null || host !== (headers.host ?? '').toLowerCase()) throw foreign();
}

function foreign(): Refusal {
  return new Refusal(
    'foreign',
    'The request comes from another origin',
    'Open the console at its own address.',
  );
}
