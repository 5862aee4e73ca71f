/** Restore points of a name in WAL: several may have it, and PostgreSQL stops at the first that it meets, without a word. Pure. */
import { formatLsn, type Lsn } from '../lsn.ts';

export interface RestorePoint {
  /** Where its record begins: a restore to there has it as its last. */
  readonly lsn: string;
  /** By the server's clock; ISO 8601. */
  readonly at: string;
}

/** @see src/include/access/xlog_internal.h, src/include/access/xlogrecord.h */
const pageBytes = 8192;
const pageHeader = 24;
const firstPageHeader = 40;
const recordHeader = 24;
/** Header, kind and length of what follows, time, name with 64 bytes. */
const recordBytes = recordHeader + 2 + 8 + 64;
const info = 0x70;
/** Microseconds from 1970 to 2000. */
const epochMicros = 946_684_800_000_000n;

/** Goes through segments in their order. */
export class RestorePoints {
  readonly found: RestorePoint[] = [];
  readonly #pattern: Buffer;
  /** A record that has begun and not ended, and its place. */
  #left: { readonly bytes: Buffer; readonly start: Lsn; readonly at: number } = {
    bytes: Buffer.alloc(0),
    start: 0n,
    at: 0,
  };

  constructor(name: string) {
    this.#pattern = Buffer.from(`${name}\0`);
  }

  /** @param start of the segment */
  look(segment: Buffer, start: Lsn): void {
    const records = withoutHeaders(segment);
    const left = this.#left;
    const all = Buffer.concat([left.bytes, records]);
    const before = recordBytes - 64;
    for (let name = all.indexOf(this.#pattern); name >= 0; name = all.indexOf(this.#pattern, name + 1)) {
      const from = name - before;
      if (from < 0 || all.length < from + recordBytes || !isRestorePoint(all, from)) continue;
      const place = from - left.bytes.length;
      const lsn = place < 0 ? lsnOf(left.start, left.at + from) : lsnOf(start, place);
      const micros = all.readBigInt64LE(name - 8) + epochMicros;
      this.found.push({ lsn: formatLsn(lsn), at: new Date(Number(micros / 1000n)).toISOString() });
    }
    // One byte less than a record, so that none is found twice.
    const at = Math.max(0, records.length - recordBytes + 1);
    this.#left = { bytes: records.subarray(at), start, at };
  }
}

function isRestorePoint(bytes: Buffer, at: number): boolean {
  return (
    bytes.readUInt32LE(at) === recordBytes &&
    bytes[at + 16] === info &&
    bytes[at + 17] === 0 &&
    bytes[at + recordHeader] === 0xff &&
    bytes[at + recordHeader + 1] === recordBytes - recordHeader - 2
  );
}

function withoutHeaders(segment: Buffer): Buffer {
  const pages: Buffer[] = [];
  for (let page = 0; page < segment.length; page += pageBytes)
    pages.push(segment.subarray(page + (page === 0 ? firstPageHeader : pageHeader), page + pageBytes));
  return Buffer.concat(pages);
}

/** Of a byte of `withoutHeaders`. */
function lsnOf(start: Lsn, at: number): Lsn {
  const first = pageBytes - firstPageHeader;
  if (at < first) return start + BigInt(firstPageHeader + at);
  const room = pageBytes - pageHeader;
  const page = 1 + Math.floor((at - first) / room);
  return start + BigInt(page * pageBytes + pageHeader + ((at - first) % room));
}
