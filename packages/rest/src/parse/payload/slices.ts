/** Bodies in pieces: how much is looked at before others get their turn, and whether it is UTF-8. */
import { isUtf8 } from 'node:buffer';

/** A fraction of a millisecond's work. */
const sliceBytes = 65_536;

/** The ends of a body's slices, one after the other. */
export function* sliceEnds(length: number): Generator<number, void> {
  for (let end = sliceBytes; end < length; end += sliceBytes) yield end;
  yield length;
}

/** Checks bytes as they are reached: a character that a slice cuts in two is looked at with the next one. */
export class Utf8Check {
  readonly #bytes: Uint8Array;
  #checked = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all characters that end before `end` are well-formed. */
  accepts(end: number): boolean {
    const bytes = this.#bytes;
    let to = end;
    // At most three bytes follow the first of a character.
    if (to < bytes.length) while (end - to < 3 && (bytes[to]! & 0xc0) === 0x80) to--;
    const slice = bytes.subarray(this.#checked, to);
    this.#checked = to;
    return isUtf8(slice);
  }
}
