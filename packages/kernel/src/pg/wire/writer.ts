import { Buffer } from 'node:buffer';

const initialBytes = 16_384;
/** A buffer that grew past this is dropped after its write, so that one big body does not stay in memory. */
const keepBytes = 262_144;
/** Values from here on are sent from where they are: a copy would hold the event loop up. */
const longBytes = 1_048_576;

/**
 * A growable output buffer. Messages are appended to it, and one `take` hands all of them to one socket write.
 *
 * Every method that appends makes its own room; `buffer` changes identity when it grows. Long values are kept apart, so that
 * `length` and offsets count only what is in the buffer.
 */
export class Writer {
  buffer: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  length = 0;
  /** Long values, in order: each goes out before what stands at its offset. */
  #apart: { readonly at: number; readonly bytes: Uint8Array }[] = [];

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

  /** What was appended in pieces where long values are kept apart, which are still in use after the write; null where there are none. */
  pieces(): readonly Uint8Array[] | null {
    if (this.#apart.length === 0) return null;
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const { at, bytes } of this.#apart) {
      pieces.push(this.buffer.subarray(from, at), bytes);
      from = at;
    }
    pieces.push(this.buffer.subarray(from, this.length));
    return pieces;
  }

  /** Takes back what was appended since `length` was `mark`. */
  rewind(mark: number): void {
    this.length = mark;
    this.#apart = this.#apart.filter(({ at }) => at <= mark);
  }

  /** The written bytes were copied by the kernel: the buffer may be used again. */
  release(): void {
    this.length = 0;
    if (this.buffer.length > keepBytes) this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** The written bytes are still read by somebody: go on with another buffer. */
  abandon(): void {
    this.length = 0;
    this.#apart = [];
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

  /** A value that nobody will change. Returns how many of its bytes are kept apart: none, or all. */
  value(value: Uint8Array): number {
    if (value.length < longBytes) {
      this.bytes(value);
      return 0;
    }
    this.#apart.push({ at: this.length, bytes: value });
    return value.length;
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
