import { Buffer } from 'node:buffer';

const initialBytes = 16_384;
/** A buffer that grew past this is dropped after its write, so that one big body does not stay in memory. */
const keepBytes = 262_144;

/**
 * A growable output buffer. Messages are appended to it, and one `take` hands all of them to one socket write.
 *
 * Every method that appends makes its own room; `buffer` changes identity when it grows.
 */
export class Writer {
  buffer: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  length = 0;

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  /** What was appended, as a view. Call `release` once the bytes are the kernel's, or `abandon` when they are still in use. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** The written bytes were copied by the kernel: the buffer may be used again. */
  release(): void {
    this.length = 0;
    if (this.buffer.length > keepBytes) this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** The written bytes are still read by somebody: go on with another buffer. */
  abandon(): void {
    this.length = 0;
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  int16(value: number): void {
    this.reserve(2);
    const { buffer } = this;
    buffer[this.length++] = value >>> 8;
    buffer[this.length++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.putInt32(this.length, value);
    this.length += 4;
  }

  /** Overwrites four bytes already reserved. */
  putInt32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  bytes(value: Uint8Array): void {
    const size = value.length;
    this.reserve(size);
    const { buffer } = this;
    let at = this.length;
    // A call into the runtime costs more than a short loop.
    if (size <= 48) for (let i = 0; i < size; i++) buffer[at++] = value[i]!;
    else buffer.set(value, at);
    this.length += size;
  }

  /** UTF-8, without length or terminator. */
  text(value: string): void {
    const size = value.length;
    if (size <= 24) {
      this.reserve(size * 3);
      const { buffer } = this;
      let at = this.length;
      let i = 0;
      for (; i < size; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
      if (i === size) {
        this.length = at;
        return;
      }
    } else {
      this.reserve(size > 8192 ? Buffer.byteLength(value) : size * 3);
    }
    this.length += this.buffer.write(value, this.length, 'utf8');
  }

  /** UTF-8 with a terminating zero; `value` must hold none. */
  cstring(value: string): void {
    this.text(value);
    this.byte(0);
  }

  /** Opens a message of `type`; hand what it returns to `end`. */
  begin(type: number): number {
    this.reserve(5);
    this.buffer[this.length] = type;
    this.length += 5;
    return this.length - 4;
  }

  /** Closes the message opened at `lengthAt` by writing its length. */
  end(lengthAt: number): void {
    this.putInt32(lengthAt, this.length - lengthAt);
  }
}
