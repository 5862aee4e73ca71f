/** Numbers by number, such as the relations that refer to each relation, without an object an entry. */
export class Adjacency {
  readonly #starts: Uint32Array;
  readonly #items: Uint32Array;

  /** `from[i]` gets `to[i]`; `size` exceeds every `from`. Order among one number's items is kept. */
  constructor(size: number, from: ArrayLike<number>, to: ArrayLike<number>) {
    this.#starts = new Uint32Array(size + 1);
    this.#items = new Uint32Array(to.length);
    for (let i = 0; i < from.length; i++) this.#starts[from[i]! + 1]!++;
    for (let n = 0; n < size; n++) this.#starts[n + 1]! += this.#starts[n]!;
    const next = this.#starts.slice();
    for (let i = 0; i < from.length; i++) this.#items[next[from[i]!]!++] = to[i]!;
  }

  /** A view, not a copy. */
  of(number: number): Uint32Array {
    return this.#items.subarray(this.#starts[number], this.#starts[number + 1]);
  }
}
