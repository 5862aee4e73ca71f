import { LargeResultError } from '../errors.ts';

/** Of the bytes of one result: what rows that are arriving may take together. */
const atOnce = 4;

/** Bounds what arrives on the connections of a pool: each result, and all rows together. A row is one piece, however large. */
export class ResultMemory {
  readonly maxBytes: number;
  #arriving = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** A row begins. @throws {LargeResultError} there is no room for it */
  take(bytes: number): void {
    if (bytes > this.maxBytes) throw new LargeResultError('size', this.maxBytes, { bytes });
    const most = atOnce * this.maxBytes;
    if (this.#arriving + bytes > most) throw new LargeResultError('turn', most, { bytes });
    this.#arriving += bytes;
  }

  /** It is here, or will not come. */
  release(bytes: number): void {
    this.#arriving -= bytes;
  }
}
