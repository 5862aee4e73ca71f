import { Buffer } from 'node:buffer';
import { ConnectionError } from '../errors.ts';

/** Takes whole messages: body bytes are `buffer[start, end)`, valid for as long as a view on them is held. */
export interface MessageSink {
  message(type: number, buffer: Buffer, start: number, end: number): void;
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

/**
 * Cuts the byte stream into messages, whatever the chunks. A message within one chunk is handed on where it lies;
 * one that spans chunks is put together. Memory grows with the bytes that came, never with a claimed length.
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

  /** @throws {ConnectionError} on bytes that are not the protocol; the connection must be dropped. */
  feed(chunk: Buffer): void {
    let at = 0;
    const size = chunk.length;
    if (this.#have > 0) {
      at = this.#fill(chunk);
      if (at < 0) return;
    }
    while (size - at >= 5) {
      const type = chunk[at]!;
      const length = (chunk[at + 1]! << 24) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 8) | chunk[at + 4]!;
      if (length < 4 || length > maxBytesOf[type]!) throw malformed(type, length);
      const end = at + 1 + length;
      if (end > size) {
        this.#need = 1 + length;
        break;
      }
      this.sink.message(type, chunk, at + 5, end);
      at = end;
    }
    if (at < size) this.#keep(chunk, at, size);
  }

  /** Completes the unfinished message; returns where the next one starts, or -1 when `chunk` did not suffice. */
  #fill(chunk: Buffer): number {
    let used = 0;
    if (this.#need === 0) {
      used = Math.min(5 - this.#have, chunk.length);
      this.#keep(chunk, 0, used);
      if (this.#have < 5) return -1;
      const header = this.#whole;
      const length = header.readInt32BE(1);
      if (length < 4 || length > maxBytesOf[header[0]!]!) throw malformed(header[0]!, length);
      this.#need = 1 + length;
    }
    const end = Math.min(chunk.length, used + this.#need - this.#have);
    this.#keep(chunk, used, end);
    if (this.#have < this.#need) return -1;
    const whole = this.#whole;
    const size = this.#need;
    this.#whole = nothing;
    this.#have = 0;
    this.#need = 0;
    this.sink.message(whole[0]!, whole, 5, size);
    return end;
  }

  /** Adds to the unfinished message. Its room doubles, up to what the message claims to need. */
  #keep(chunk: Buffer, from: number, to: number): void {
    const have = this.#have + to - from;
    if (have > this.#whole.length) {
      const doubled = Math.max(2 * have, firstBytes);
      const grown = Buffer.allocUnsafeSlow(
        this.#need === 0 ? have : Math.max(have, Math.min(this.#need, doubled)),
      );
      this.#whole.copy(grown, 0, 0, this.#have);
      this.#whole = grown;
    }
    chunk.copy(this.#whole, this.#have, from, to);
    this.#have = have;
  }
}

function malformed(type: number, length: number): ConnectionError {
  return new ConnectionError(
    `The server does not speak the PostgreSQL protocol: message type 0x${type.toString(16)} of ${length} bytes`,
  );
}
