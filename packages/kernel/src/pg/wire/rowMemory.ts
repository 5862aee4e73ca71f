import { LargeRowError } from '../errors.ts';

/** Of the bytes of one row: what those that are arriving may take together. */
const atOnce = 4;

/** Bounds the rows that arrive on the connections of a pool: each, and all together. A row is one piece, however large. */
export class RowMemory {
  readonly #maxBytes: number;
  #arriving = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A row begins. @throws {LargeRowError} there is no room for it */
  take(bytes: number): void {
    if (bytes > this.#maxBytes) throw new LargeRowError(bytes, this.#maxBytes, false);
    const most = atOnce * this.#maxBytes;
    if (this.#arriving + bytes > most) throw new LargeRowError(bytes, most, true);
    this.#arriving += bytes;
  }

  /** It is here, or will not come. */
  release(bytes: number): void {
    this.#arriving -= bytes;
  }
}
