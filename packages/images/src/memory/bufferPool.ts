/**
 * Large buffers that are used again. V8 answers each new one of some megabytes with a collection of all its garbage, which costs
 * more than the picture that is in it.
 */
const smallestBytes = 1024 * 1024;

export class BufferPool {
  readonly #maxBytes: number;
  readonly #idleMs: number;
  /** Free ones by size, a power of two. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;

  /** @param maxBytes that are kept for later @param idleMs after which none are */
  constructor(maxBytes: number, idleMs = 5000) {
    this.#maxBytes = maxBytes;
    this.#idleMs = idleMs;
  }

  /** What is in it is anybody's. */
  take(bytes: number): Buffer {
    if (bytes < smallestBytes) return Buffer.allocUnsafeSlow(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const found = this.#free.get(size)?.pop();
    if (found !== undefined) this.#bytes -= size;
    return Buffer.from(found ?? new ArrayBuffer(size), 0, bytes);
  }

  /** Nobody may look at it from then on. What did not come from here is left to V8. */
  give(buffer: Buffer): void {
    const size = buffer.buffer.byteLength;
    const isOurs = buffer.byteOffset === 0 && size >= smallestBytes && Number.isInteger(Math.log2(size));
    if (!isOurs || !(buffer.buffer instanceof ArrayBuffer) || this.#bytes + size > this.#maxBytes) return;
    const free = this.#free.get(size) ?? [];
    free.push(buffer.buffer);
    this.#free.set(size, free);
    this.#bytes += size;
    this.#timer ??= setTimeout(() => this.#drop(), this.#idleMs).unref();
    this.#timer.refresh();
  }

  #drop(): void {
    this.#timer = null;
    this.#free.clear();
    this.#bytes = 0;
  }
}
