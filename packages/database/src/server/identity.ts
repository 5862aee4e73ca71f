import { randomBytes } from 'node:crypto';
import type { Patch } from '../host/asUser.ts';

/** What of a cluster's files holds its identity. */
export interface IdentityFiles {
  /** global/pg_control. */
  readonly control: Buffer;
  /** The first bytes of each WAL segment, by its path. */
  readonly segments: ReadonlyMap<string, Buffer>;
}

/**
 * Gives a cluster copied from a template an identity of its own: the system identifier, by which replicas and WAL
 * archives recognise a cluster, and the nonce of mock authentication. initdb would have chosen both at random.
 *
 * The identifier stands first in pg_control, which ends its data with a CRC-32C over everything before it, and in the
 * long header of each WAL segment's first page. Undefined when the files are not laid out like that; the caller then makes a
 * cluster with initdb. Pure but for chance.
 * @see https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/catalog/pg_control.h
 */
export function renewIdentity({ control, segments }: IdentityFiles): Patch[] | undefined {
  const crcAt = findCrc(control);
  if (crcAt === undefined || segments.size === 0) return undefined;
  // As initdb composes it: seconds, microseconds, process; here the low half is random instead.
  const identifier = Buffer.concat([randomBytes(4), Buffer.alloc(4)]);
  identifier.writeUInt32LE(Math.floor(Date.now() / 1000), 4);
  for (const head of segments.values()) {
    if (!head.subarray(WAL_IDENTIFIER_AT, WAL_IDENTIFIER_AT + 8).equals(control.subarray(0, 8)))
      return undefined;
  }
  const renewed = Buffer.from(control.subarray(0, crcAt + 4));
  identifier.copy(renewed);
  randomBytes(NONCE_BYTES).copy(renewed, crcAt - NONCE_BYTES);
  renewed.writeUInt32LE(crc32c(renewed.subarray(0, crcAt)), crcAt);
  return [
    ...[...segments.keys()].map(file => ({ file, at: WAL_IDENTIFIER_AT, bytes: identifier })),
    { file: CONTROL_FILE, at: 0, bytes: renewed },
  ];
}

export const CONTROL_FILE = 'global/pg_control';

/** XLogLongPageHeaderData: a 24-byte page header (20, padded to 8), then xlp_sysid. */
const WAL_IDENTIFIER_AT = 24;
/** MOCK_AUTH_NONCE_LEN; the nonce is the last field before the CRC. */
const NONCE_BYTES = 32;
/** ControlFileData is kept within one disk sector. */
const MAX_CONTROL_BYTES = 512;

/** The offset of the CRC: the one place where the checksum of all before it stands. */
function findCrc(control: Buffer): number | undefined {
  for (let at = NONCE_BYTES + 8; at + 4 <= Math.min(MAX_CONTROL_BYTES, control.length); at += 4) {
    if (control.readUInt32LE(at) === crc32c(control.subarray(0, at))) return at;
  }
  return undefined;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C (Castagnoli), which zlib does not have. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
