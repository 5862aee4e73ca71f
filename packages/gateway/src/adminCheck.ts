import { isIPv4, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { type HttpRequest, networks } from '@peakstone/kernel/http';
import { hostName } from './hostName.ts';

/** Whether a request may see what is for those who run the stack, and if not, why. */
export type Standing = 'admin' | 'stranger' | 'foreign host';

/**
 * Those who run the stack are peers in the given networks, not asking through a proxy, by a name of the stack's own.
 *
 * A proxy on this machine hands on strangers' requests, so anything forwarded counts as a stranger's. And a page that a
 * browser here has loaded from anywhere may give its own name this machine's address (DNS rebinding) and so ask from
 * within; but it can't ask by another name than its own: `localhost`, an address, or one of `names`.
 * @throws {RangeError} naming an entry that isn't a network.
 */
export function createAdminCheck(
  entries: readonly string[],
  names: readonly string[] = [],
): (request: HttpRequest) => Standing {
  const contains = networks(entries);
  const own = new Set(['localhost', hostname().toLowerCase(), ...names.map(hostName)]);
  return ({ headers, remoteAddress }) => {
    if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return 'stranger';
    if (remoteAddress !== '' && !contains(remoteAddress)) return 'stranger';
    // Browsers always send it.
    if (headers.host === undefined) return 'admin';
    const name = hostName(headers.host);
    return own.has(name) || name.endsWith('.localhost') || isAddress(name) ? 'admin' : 'foreign host';
  };
}

/** An IP literal as a URL has it. Another name that looks like one may still be asked of DNS. */
function isAddress(name: string): boolean {
  return isIPv4(name) || (name.startsWith('[') && name.endsWith(']') && isIPv6(name.slice(1, -1)));
}
