import { BlockList, isIP } from 'node:net';

const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Address without the `::ffff:` that a dual-stack socket puts before IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * Networks whose forwarding headers are believed.
 * @throws {RangeError} naming the entry that is neither an address, a CIDR network, `loopback` nor `private`.
 */
export function trustedNetworks(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries.flatMap(name => NAMED[name] ?? [name])) {
    const [address = '', prefix] = entry.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    if (version === 0 || !Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128)) {
      throw new RangeError(`'${entry}' is not an address, a CIDR network, 'loopback' or 'private'`);
    }
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/**
 * The client's address: the peer's, or, when the peer is trusted, the rightmost address
 * in X-Forwarded-For that isn't a trusted proxy's. A client can't choose it by sending the header itself.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: BlockList): string {
  if (forwardedFor === undefined || (peer !== '' && !contains(trusted, peer))) return peer;
  const hops = forwardedFor.slice(-1024).split(',');
  let client = peer;
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = plainAddress(hops[i]!.trim());
    if (isIP(hop) === 0) break;
    client = hop;
    if (!contains(trusted, hop)) break;
  }
  return client;
}

/**
 * Tells whether an address belongs to one of the networks; for entries see {@link trustedNetworks}.
 * @throws {RangeError} naming an entry that isn't a network.
 */
export function networks(entries: readonly string[]): (address: string) => boolean {
  const list = trustedNetworks(entries);
  return address => isIP(address) !== 0 && contains(list, address);
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
