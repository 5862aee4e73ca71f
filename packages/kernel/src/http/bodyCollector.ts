/** From here on a copy would hold the event loop up; who has sent so much is taken by its word for the rest. */
const trustedBytes = 2 * 1024 * 1024;

/**
 * Collects a body into one buffer that grows by doubling, and once for all to the announced length. A body in single bytes
 * costs what one in large chunks does; kept chunk by chunk it would cost an object for each byte.
 */
export class BodyCollector {
  #whole: Buffer | null = null;
  #buffer: Buffer = Buffer.alloc(0);
  #bytes = 0;
  readonly #announced: number;

  /** `announced`: bytes that will come, as far as is known. */
  constructor(announced = 0) {
    this.#announced = announced;
  }

  add(chunk: Buffer): void {
    if (this.#bytes === 0 && this.#whole === null) {
      // Most bodies come in one chunk: those are handed on as they are.
      this.#whole = chunk;
      this.#bytes = chunk.length;
      return;
    }
    if (this.#whole !== null) {
      const first = this.#whole;
      this.#whole = null;
      this.#bytes = 0;
      this.#append(first);
    }
    this.#append(chunk);
  }

  finish(): Buffer {
    return this.#whole ?? this.#buffer.subarray(0, this.#bytes);
  }

  #append(chunk: Buffer): void {
    const needed = this.#bytes + chunk.length;
    if (needed > this.#buffer.length) {
      const doubled = Math.max(needed, this.#buffer.length * 2, 16 * 1024);
      const larger = Buffer.allocUnsafeSlow(
        needed > trustedBytes ? Math.max(doubled, this.#announced) : doubled,
      );
      this.#buffer.copy(larger, 0, 0, this.#bytes);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#bytes);
    this.#bytes = needed;
  }
}
