import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Gives a cluster copied from a template an identity of its own: the system identifier, by which replicas and WAL
 * archives recognise a cluster, and the nonce of mock authentication. initdb would have chosen both at random.
 *
 * The identifier stands first in pg_control, which ends its data with a CRC-32C over everything before it, and in the
 * long header of each WAL segment's first page. Returns false, leaving the copy unusable, when the files are not laid
 * out like that; the caller then makes a cluster with initdb.
 * @see https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/catalog/pg_control.h
 */
export function renewIdentity(dataDir: string): boolean {
  const controlFile = path.join(dataDir, 'global', 'pg_control');
  const control = readFileSync(controlFile);
  const crcAt = findCrc(control);
  if (crcAt === undefined) return false;
  const old = control.readBigUInt64LE(0);
  // As initdb composes it: seconds, microseconds, process; here the low half is random instead.
  const identifier = (BigInt(Math.floor(Date.now() / 1000)) << 32n) | BigInt(randomBytes(4).readUInt32LE());

  const walDir = path.join(dataDir, 'pg_wal');
  const segments = readdirSync(walDir).filter(name => /^[0-9A-F]{24}$/.test(name));
  for (const name of segments) {
    const file = path.join(walDir, name);
    const wal = readFileSync(file);
    if (wal.readBigUInt64LE(WAL_IDENTIFIER_AT) !== old) return false;
    wal.writeBigUInt64LE(identifier, WAL_IDENTIFIER_AT);
    writeFileSync(file, wal);
  }
  control.writeBigUInt64LE(identifier, 0);
  randomBytes(NONCE_BYTES).copy(control, crcAt - NONCE_BYTES);
  control.writeUInt32LE(crc32c(control.subarray(0, crcAt)), crcAt);
  writeFileSync(controlFile, control);
  return true;
}

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
