/**
 * A bounded map that keeps what is used: an entry hit since it was last considered gets a second chance.
 * A hit only sets a flag, so that reading costs one lookup.
 */
export interface CacheLimits {
  /** 0 keeps nothing. */
  readonly maxEntries: number;
  /** Of all entries together, as `set` is told. */
  readonly maxBytes: number;
  /** Told of each entry that had to make room. */
  readonly onEvict?: () => void;
}

interface Entry<Value> {
  readonly value: Value;
  readonly bytes: number;
  visited: boolean;
}

export class BoundedCache<Value> {
  readonly #limits: CacheLimits;
  readonly #entries = new Map<string, Entry<Value>>();
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.visited = true;
    return entry.value;
  }

  /** `bytes` is what key and value take, by estimate; what alone is more than all may take is not kept. */
  set(key: string, value: Value, bytes: number): void {
    this.delete(key);
    const { maxEntries, maxBytes } = this.#limits;
    if (maxEntries <= 0 || bytes > maxBytes) return;
    while (this.#entries.size >= maxEntries || this.#bytes + bytes > maxBytes) this.#evict();
    this.#entries.set(detached(key), { value, bytes, visited: false });
    this.#bytes += bytes;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #evict(): void {
    // Each visited entry moves behind the others unvisited, so this ends within one round.
    for (const [key, entry] of this.#entries) {
      if (!entry.visited) {
        this.delete(key);
        this.#limits.onEvict?.();
        return;
      }
      entry.visited = false;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
  }
}

/**
 * The same text in memory of its own. What is cut out of a longer text, such as a header out of all headers, is a view that
 * keeps the whole of it: what outlives its request must not be one.
 */
export function detached(text: string): string {
  const encoding = /[^\x00-\xff]/.test(text) ? 'utf16le' : 'latin1';
  return Buffer.from(text, encoding).toString(encoding);
}
