/**
 * When transactions ended, as a stream of WAL says it. Goes through the records by their lengths, and looks at those of transactions.
 * @see src/include/access/xlog_internal.h, src/include/access/xlogrecord.h, src/include/access/xact.h
 */
import type { Lsn } from '../lsn.ts';

const pageBytes = 8192;
const pageHeader = 24;
const firstPageHeader = 40;
const recordHeader = 24;
/** Of a page's header: whether a record goes on that began before, and how much of it is left. */
const flagsAt = 2;
const goesOn = 0x0001;
const restAt = 16;
/** Header, origin, top-level transaction, the head of what follows, and its first field: the time. */
const headBytes = recordHeader + 3 + 5 + 5 + 8;
const transactions = 1;
/** Commit, abort, and both of prepared ones: by the times of all of them recovery knows where to stop. */
const ends: readonly number[] = [0x00, 0x20, 0x30, 0x40];
const operation = 0x70;
/** Microseconds from 1970 to 2000. */
const epochMicros = 946_684_800_000_000n;

/** Reads a stream from the start of a segment on. */
export class TransactionEnds {
  readonly #start: Lsn;
  readonly #segmentBytes: number;
  readonly #onEnd: (atMs: number, lsn: Lsn) => void;
  /** Bytes of the stream so far. */
  #offset = 0;
  readonly #header = Buffer.alloc(firstPageHeader);
  readonly #head = Buffer.alloc(headBytes);
  #headLength = 0;
  /** Where the record begins; undefined of one whose beginning was not seen. */
  #record: number | undefined;
  /** Bytes of the record that are yet to come; undefined where the next one begins on a page to come. */
  #left: number | undefined;

  /** @param onEnd when a transaction ended, in milliseconds, and where that is written */
  constructor(start: Lsn, segmentBytes: number, onEnd: (atMs: number, lsn: Lsn) => void) {
    this.#start = start;
    this.#segmentBytes = segmentBytes;
    this.#onEnd = onEnd;
  }

  /** Takes what follows. */
  hear(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const inPage = this.#offset % pageBytes;
      const header = this.#offset % this.#segmentBytes < pageBytes ? firstPageHeader : pageHeader;
      const size = Math.min(bytes.length - at, (inPage < header ? header : pageBytes) - inPage);
      const taken =
        inPage < header
          ? this.#takeHeader(bytes, at, size, inPage, header)
          : this.#takeRecord(bytes, at, size);
      this.#offset += taken;
      at += taken;
    }
  }

  #takeHeader(bytes: Buffer, at: number, size: number, inPage: number, whole: number): number {
    bytes.copy(this.#header, inPage, at, at + size);
    if (inPage + size < whole) return size;
    const doesGoOn = (this.#header.readUInt16LE(flagsAt) & goesOn) !== 0;
    // Of a record that began before we did, or that a crash has cut off, the rest is passed over.
    if (this.#left === undefined || (this.#left > 0 && !doesGoOn)) {
      const isWritten = this.#header.readUInt16LE(0) !== 0;
      this.#left = isWritten ? aligned(this.#header.readUInt32LE(restAt)) : undefined;
      this.#record = undefined;
      this.#headLength = 0;
    }
    return size;
  }

  #takeRecord(bytes: Buffer, at: number, size: number): number {
    if (this.#left === undefined) return size;
    if (this.#left === 0) return this.#beginRecord(bytes, at, size);
    const taken = Math.min(size, this.#left);
    this.#keepHead(bytes, at, taken);
    this.#left -= taken;
    if (this.#left === 0) this.#endRecord();
    return taken;
  }

  /** Records begin at a multiple of eight: their lengths lie on one page, but not always in one piece of the stream. */
  #beginRecord(bytes: Buffer, at: number, size: number): number {
    this.#record ??= this.#offset;
    const taken = Math.min(size, 4 - this.#headLength);
    this.#keepHead(bytes, at, taken);
    if (this.#headLength < 4) return taken;
    const length = this.#head.readUInt32LE(0);
    // Nothing follows on this page.
    this.#left = length < recordHeader ? undefined : aligned(length) - 4;
    return taken;
  }

  #keepHead(bytes: Buffer, at: number, size: number): void {
    if (this.#record === undefined || this.#headLength === headBytes) return;
    this.#headLength += bytes.copy(this.#head, this.#headLength, at, at + size);
  }

  #endRecord(): void {
    const at = this.#record === undefined ? undefined : timeIn(this.#head, this.#headLength);
    if (at !== undefined) this.#onEnd(at, this.#start + BigInt(this.#record!));
    this.#record = undefined;
    this.#headLength = 0;
  }
}

/** When the record says that a transaction ended, in milliseconds; undefined where it says none. */
function timeIn(head: Buffer, length: number): number | undefined {
  if (head[17] !== transactions || !ends.includes(head[16]! & operation)) return undefined;
  let at = recordHeader;
  if (head[at] === 253) at += 3;
  if (head[at] === 252) at += 5;
  if (head[at] === 255) at += 2;
  else if (head[at] === 254) at += 5;
  else return undefined;
  return at + 8 > length ? undefined : Number((head.readBigInt64LE(at) + epochMicros) / 1000n);
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}
