/** The settings server-host and server-port as addresses to bind and to show. */
import type { AddressInfo } from 'node:net';

/** Hosts to try in order. The reference's wildcards prefer, or admit only, one family. */
export function bindHosts(host: string): readonly string[] {
  switch (host) {
    case '*4':
    case '!4':
      return ['0.0.0.0'];
    case '!6':
      return ['::'];
    case '*':
    case '*6':
      // `::` takes both families where the system has IPv6.
      return ['::', '0.0.0.0'];
    default:
      return [host];
  }
}

/** `127.0.0.1:80`, `[::1]:80`, or a socket's path. */
export function showAddress(address: AddressInfo | string): string {
  if (typeof address === 'string') return address;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
