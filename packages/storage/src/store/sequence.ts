/** Numbers that grow: the order of versions, and ids within the index. */
import { randomBytes } from 'node:crypto';

const perMs = 1024;

/** Grows with time, and by one at least, over restarts and clocks that go back. */
export class Sequence {
  #last: number;

  /** When the newest of them was, by the clock of then; 0 before the first. */
  get lastMs(): number {
    return Math.floor(this.#last / perMs);
  }

  constructor(last: number) {
    this.#last = last;
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Date.now() * perMs);
    return this.#last;
  }
}

/** 32 hex digits, the first 16 of which are the sequence: where a version is, is told by its name. */
export function versionIdOf(sequence: number): string {
  return sequence.toString(16).padStart(16, '0') + randomBytes(8).toString('hex');
}

/** Undefined for what is no version's id. */
export function sequenceOf(versionId: string): number | undefined {
  if (!/^00[0-9a-f]{30}$/.test(versionId)) return undefined;
  const sequence = Number.parseInt(versionId.slice(0, 16), 16);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}
