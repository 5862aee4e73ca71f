/** How much a JSON text holds, before anything is made of it. */

export interface JsonSize {
  /** Values, keys counted as well. */
  readonly values: number;
  /** Levels of nesting. */
  readonly depth: number;
}

/** Bytes that are looked at before others get their turn: a fraction of a millisecond's work. */
const sliceBytes = 65_536;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const open = 0x7b;
const close = 0x7d;

/** Of what is no JSON, something: whoever reads it says so. Yields between slices. Pure. */
export function* measureJson(bytes: Uint8Array): Generator<void, JsonSize> {
  let values = bytes.length === 0 ? 0 : 1;
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  let pauseAt = sliceBytes;
  for (let at = 0; at < bytes.length; at++) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + sliceBytes;
    }
    const c = bytes[at]!;
    if (isInText) {
      // Whatever is escaped ends no text.
      if (c === backslash) at++;
      else if (c === quote) isInText = false;
    } else if (c === quote) isInText = true;
    else if (c === comma || c === colon) values++;
    else if (c === openList || c === open) {
      values++;
      if (++depth > deepest) deepest = depth;
    } else if (c === closeList || c === close) depth--;
  }
  return { values, depth: deepest };
}
