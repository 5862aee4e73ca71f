import type { AddressInfo } from 'node:net';

/** `127.0.0.1:80`, `[::1]:80`, or a socket's path. */
export function showAddress(address: AddressInfo | string): string {
  if (typeof address === 'string') return address;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
