/** JSON that is written byte by byte from other bodies, and handed on as one buffer. */
import { requestErrors } from '../../errors.ts';

const chunkBytes = 1024 * 1024;
/** CSV of tiny fields grows tenfold as JSON. */
const maxBytes = 256 * 1024 * 1024;
/** A call into the runtime costs more than a short loop. */
const loopBytes = 32;

/** What stands for a byte inside a JSON string; undefined where it is itself. */
const escapes: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, c) => {
  const isPlain = c >= 0x20 && c !== 0x22 && c !== 0x5c;
  return isPlain ? undefined : Buffer.from(JSON.stringify(String.fromCharCode(c)).slice(1, -1));
});
const isPlain = Uint8Array.from(escapes, each => (each === undefined ? 1 : 0));

/** Told of each block of memory that is taken; throws when there is no more. */
export type Hold = (bytes: number) => void;

export class JsonText {
  readonly #hold: Hold;
  readonly #whole: Buffer[] = [];
  #wholeBytes = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(hold: Hold) {
    this.#hold = hold;
  }

  /** One byte. */
  byte(c: number): void {
    if (this.#at === this.#chunk.length) this.#next();
    this.#chunk[this.#at++] = c;
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    const size = bytes.length;
    if (size <= loopBytes && this.#chunk.length - this.#at >= size) {
      const chunk = this.#chunk;
      let at = this.#at;
      for (let i = 0; i < size; i++) chunk[at++] = bytes[i]!;
      this.#at = at;
      return;
    }
    for (let from = 0; from < size; ) {
      if (this.#at === this.#chunk.length) this.#next();
      const taken = bytes.subarray(from, from + this.#chunk.length - this.#at);
      this.#chunk.set(taken, this.#at);
      this.#at += taken.length;
      from += taken.length;
    }
  }

  /** Bytes from `from` to `to`, as they stand inside a JSON string. */
  escaped(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#at === this.#chunk.length) this.#next();
      const chunk = this.#chunk;
      let out = this.#at;
      const end = Math.min(to, at + chunk.length - out);
      for (; at < end; at++) {
        const c = bytes[at]!;
        if (isPlain[c] === 0) break;
        chunk[out++] = c;
      }
      this.#at = out;
      const escaped = at < end ? escapes[bytes[at]!] : undefined;
      if (escaped) {
        this.bytes(escaped);
        at++;
      }
    }
  }

  /** All of it in one piece. Yields between chunks, which are let go as they are copied. */
  *join(): Generator<void, Buffer> {
    const last = this.#chunk.subarray(0, this.#at);
    if (this.#wholeBytes === 0) return last;
    const joined = Buffer.allocUnsafeSlow(this.#wholeBytes + last.length);
    let at = 0;
    for (let chunk = this.#whole.shift(); chunk; chunk = this.#whole.shift()) {
      chunk.copy(joined, at);
      at += chunk.length;
      yield;
    }
    last.copy(joined, at);
    return joined;
  }

  #next(): void {
    if (this.#chunk.length > 0) {
      this.#whole.push(this.#chunk);
      this.#wholeBytes += this.#chunk.length;
      if (this.#wholeBytes > maxBytes) throw requestErrors.bodyTooLarge(maxBytes);
    }
    // Most bodies are small.
    const bytes = this.#chunk.length === 0 ? 4096 : Math.min(chunkBytes, this.#chunk.length * 4);
    this.#hold(bytes);
    this.#chunk = Buffer.allocUnsafeSlow(bytes);
    this.#at = 0;
  }
}
