/**
 * Collects a body into one buffer: of the announced length, or one that grows by doubling. A body in single bytes costs what
 * one in large chunks does; kept chunk by chunk it would cost an object for each byte.
 */
export class BodyCollector {
  #whole: Buffer | null = null;
  #buffer: Buffer = Buffer.alloc(0);
  #bytes = 0;
  readonly #announced: number;

  /** `announced`: bytes that will come, as far as is known. Memory that none has filled yet is the system's still. */
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
      const larger = Buffer.allocUnsafeSlow(
        Math.max(needed, this.#buffer.length === 0 ? this.#announced : this.#buffer.length * 2, 16 * 1024),
      );
      this.#buffer.copy(larger, 0, 0, this.#bytes);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#bytes);
    this.#bytes = needed;
  }
}
