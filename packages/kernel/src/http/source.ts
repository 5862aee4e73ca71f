import { isIPv6 } from 'node:net';

/**
 * Who counts as one client where memory is shared out: an IPv4 address, or the /64 network that one customer of an IPv6
 * provider has at his disposal. Pure.
 */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const rest = tail === '' ? 0 : tail.split(':').length;
    while (groups.length < 4 && groups.length + rest < 8) groups.push('0');
  }
  return groups.slice(0, 4).join(':');
}
