/**
 * A map whose keys are known and whose values are made when first asked for, then kept.
 * `positions` numbers the keys from 0 in order of iteration.
 */
export class LazyMap<V> implements ReadonlyMap<string, V> {
  readonly #positions: ReadonlyMap<string, number>;
  readonly #make: (position: number) => V;
  readonly #made: V[] = [];

  constructor(positions: ReadonlyMap<string, number>, make: (position: number) => V) {
    this.#positions = positions;
    this.#make = make;
  }

  get size(): number {
    return this.#positions.size;
  }

  has(key: string): boolean {
    return this.#positions.has(key);
  }

  get(key: string): V | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#at(position);
  }

  #at(position: number): V {
    let value = this.#made[position];
    if (value === undefined) {
      value = this.#make(position);
      this.#made[position] = value;
    }
    return value;
  }

  forEach(callback: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }

  keys(): MapIterator<string> {
    return this.#positions.keys();
  }

  *values(): Generator<V, undefined> {
    for (const position of this.#positions.values()) yield this.#at(position);
  }

  *entries(): Generator<[string, V], undefined> {
    for (const [key, position] of this.#positions) yield [key, this.#at(position)];
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }
}
