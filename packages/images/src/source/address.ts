/** Addresses that sources may not have: what is behind us is not for whoever can name a URL. Pure. */
import { BlockList, isIP } from 'node:net';

export interface AddressRules {
  readonly allowLoopback: boolean;
  readonly allowLinkLocal: boolean;
  readonly allowPrivate: boolean;
}

type Kind = 'loopback' | 'linkLocal' | 'private';

const networks: Readonly<Record<Kind, readonly string[]>> = {
  // The unspecified address is this machine, too.
  loopback: ['127.0.0.0/8', '0.0.0.0/32', '::1/128', '::/128'],
  linkLocal: ['169.254.0.0/16', '224.0.0.0/24', 'fe80::/10', 'ff02::/16'],
  // Carriers' own networks are as private as any.
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
};

const lists = Object.entries(networks).map(([kind, entries]) => {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return [kind as Kind, list] as const;
});

/** What an address is that the rules forbid, also inside an IPv6 one; undefined when it may be. */
export function forbiddenKind(address: string, rules: AddressRules): Kind | undefined {
  const allowed: Readonly<Record<Kind, boolean>> = {
    loopback: rules.allowLoopback,
    linkLocal: rules.allowLinkLocal,
    private: rules.allowPrivate,
  };
  const inside = embeddedAddress(address);
  const all = inside === undefined ? [address] : [address, inside];
  return lists.find(([kind, list]) => !allowed[kind] && all.some(each => contains(list, each)))?.[0];
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** The IPv4 address that an IPv6 one stands for: mapped, compatible, 6to4, NAT64, Teredo, ISATAP. */
export function embeddedAddress(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const bytes = bytesOf(address);
  const at = (...places: readonly number[]): string => places.map(place => bytes[place]).join('.');
  const begins = (...expected: readonly number[]): boolean =>
    expected.every((byte, index) => bytes[index] === byte);
  const zeros = new Array<number>(10).fill(0);
  if (begins(...zeros, 0, 0) || begins(...zeros, 0xff, 0xff)) return at(12, 13, 14, 15);
  if (begins(0x20, 0x02)) return at(2, 3, 4, 5);
  if (begins(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0)) return at(12, 13, 14, 15);
  // The byte between is always 0.
  if (begins(0, 0x64, 0xff, 0x9b, 0, 1)) return at(6, 7, 9, 10);
  if (begins(0x20, 0x01, 0, 0)) return [12, 13, 14, 15].map(place => bytes[place]! ^ 0xff).join('.');
  const isatap =
    (bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  return isatap ? at(12, 13, 14, 15) : undefined;
}

/** The sixteen bytes of an IPv6 address. */
function bytesOf(address: string): readonly number[] {
  const [plain = ''] = address.split('%', 1);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const hex = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
  const text =
    dotted === null ? plain : `${dotted[1]}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}`;
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const [first, last] = [groups(head), groups(tail)];
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...new Array<string>(Math.max(0, gap)).fill('0'), ...last].flatMap(group => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
