import { Buffer } from 'node:buffer';
import { ConnectionError } from '../errors.ts';

/** Takes whole messages: body bytes are `buffer[start, end)`. Those of rows are the taker's to keep, others are lent for the call. */
export interface MessageSink {
  message(type: number, buffer: Buffer, start: number, end: number): void;
  /** A message begins that is longer than what is read at once. What it throws, `feed` throws. */
  announce?(type: number, bytes: number): void;
}

/** PostgreSQL itself never sends more than this in one message (MaxAllocSize). */
const maxLongBytes = 0x3fff_ffff;
/** Of messages that hold neither rows nor texts. The same bound as libpq's. */
const maxShortBytes = 30_000;

/** Bytes a message of this type may claim, or 0 when a server never sends it. */
const maxBytesOf = new Uint32Array(256);
for (const type of 'RKSZ123ntsIGHWcCv') maxBytesOf[type.charCodeAt(0)] = maxShortBytes;
for (const type of 'tTDdVENAR') maxBytesOf[type.charCodeAt(0)] = maxLongBytes;
maxBytesOf['R'.charCodeAt(0)] = 65_536;

/** Room for a message that came in part. */
const firstBytes = 131_072;
const nothing = Buffer.alloc(0);

/** DataRow and CopyData, whose bytes go to the client as they are. */
const isRow = (type: number): boolean => type === 0x44 || type === 0x64;

/**
 * Cuts the byte stream into messages, whatever the chunks. A message within one chunk is handed on where it lies;
 * one that spans chunks is put together. Memory grows with the bytes that came, never with a claimed length.
 *
 * Of a lent chunk what follows the first row is copied, once for all of it.
 */
export class Framer {
  sink: MessageSink;
  /** An unfinished message, from its start. Nothing of what the socket read is kept besides: many small blocks would stay the allocator's. */
  #whole: Buffer = nothing;
  #have = 0;
  /** Its length with the type byte, or 0 while the header is incomplete. */
  #need = 0;

  constructor(sink: MessageSink) {
    this.sink = sink;
  }

  /** Bytes held back of an unfinished message. */
  get pendingBytes(): number {
    return this.#have;
  }

  /**
   * Takes `bytes[0, size)`. @throws {ConnectionError} on bytes that are not the protocol; the connection must be dropped.
   * @param isLent whether they are overwritten afterwards
   */
  feed(bytes: Buffer, size: number = bytes.length, isLent = false): void {
    const at = this.#have > 0 ? this.#fill(bytes, size) : 0;
    if (at >= 0) this.#cut(bytes, at, size, isLent);
  }

  #cut(bytes: Buffer, from: number, size: number, isLent: boolean): void {
    let at = from;
    while (size - at >= 5) {
      const type = bytes[at]!;
      const length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
      if (length < 4 || length > maxBytesOf[type]!) throw malformed(type, length);
      const end = at + 1 + length;
      if (end > size) {
        this.#announce(type, length);
        break;
      }
      if (isLent && isRow(type)) {
        const own = Buffer.allocUnsafe(size - at);
        bytes.copy(own, 0, at, size);
        this.#cut(own, 0, own.length, false);
        return;
      }
      this.sink.message(type, bytes, at + 5, end);
      at = end;
    }
    if (at < size) this.#keep(bytes, at, size);
  }

  /** Completes the unfinished message; returns where the next one starts, or -1 when the bytes did not suffice. */
  #fill(bytes: Buffer, size: number): number {
    let used = 0;
    if (this.#need === 0) {
      used = Math.min(5 - this.#have, size);
      this.#keep(bytes, 0, used);
      if (this.#have < 5) return -1;
      const header = this.#whole;
      const length = header.readInt32BE(1);
      if (length < 4 || length > maxBytesOf[header[0]!]!) throw malformed(header[0]!, length);
      this.#announce(header[0]!, length);
    }
    const end = Math.min(size, used + this.#need - this.#have);
    this.#keep(bytes, used, end);
    if (this.#have < this.#need) return -1;
    const whole = this.#whole;
    const length = this.#need;
    this.#whole = nothing;
    this.#have = 0;
    this.#need = 0;
    this.sink.message(whole[0]!, whole, 5, length);
    return end;
  }

  #announce(type: number, length: number): void {
    this.#need = 1 + length;
    if (length > firstBytes) this.sink.announce?.(type, length);
  }

  /** Adds to the unfinished message. Its room doubles, up to what the message claims to need. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const have = this.#have + to - from;
    if (have > this.#whole.length) {
      const doubled = Math.max(2 * have, firstBytes);
      const grown = Buffer.allocUnsafeSlow(
        this.#need === 0 ? have : Math.max(have, Math.min(this.#need, doubled)),
      );
      this.#whole.copy(grown, 0, 0, this.#have);
      this.#whole = grown;
    }
    bytes.copy(this.#whole, this.#have, from, to);
    this.#have = have;
  }
}

function malformed(type: number, length: number): ConnectionError {
  return new ConnectionError(
    `The server does not speak the PostgreSQL protocol: message type 0x${type.toString(16)} of ${length} bytes`,
  );
}
