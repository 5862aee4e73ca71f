/**
 * A bounded map that keeps what is used: an entry hit since it was last considered gets a second chance.
 * A hit only sets a flag, so that reading costs one lookup.
 */
export class BoundedCache<Value> {
  readonly #maxEntries: number;
  readonly #onEvict: () => void;
  readonly #entries = new Map<string, { readonly value: Value; visited: boolean }>();

  /** `maxEntries` 0 keeps nothing. `onEvict` is told of each entry that had to make room. */
  constructor(maxEntries: number, onEvict: () => void = () => {}) {
    this.#maxEntries = maxEntries;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.visited = true;
    return entry.value;
  }

  set(key: string, value: Value): void {
    if (this.#maxEntries <= 0) return;
    if (this.#entries.size >= this.#maxEntries && !this.#entries.has(key)) this.#evict();
    this.#entries.set(key, { value, visited: false });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #evict(): void {
    // Each visited entry moves behind the others unvisited, so this ends within one round.
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.visited) {
        this.#onEvict();
        return;
      }
      entry.visited = false;
      this.#entries.set(key, entry);
    }
  }
}
