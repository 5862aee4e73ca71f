/** Bytes in the text form in which PostgreSQL takes them. */
import type { Hold } from './jsonText.ts';
import { sliceEnds } from './slices.ts';

const digits = Buffer.from('0123456789abcdef');
const prefix = Buffer.from('\\x');

/** `\x` and two digits a byte. Yields between slices. */
export function* byteaText(bytes: Buffer, hold: Hold): Generator<void, Buffer> {
  hold(prefix.length + bytes.length * 2);
  const text = Buffer.allocUnsafeSlow(prefix.length + bytes.length * 2);
  let out = prefix.copy(text);
  let at = 0;
  for (const end of sliceEnds(bytes.length)) {
    for (; at < end; at++) {
      const byte = bytes[at]!;
      text[out++] = digits[byte >> 4]!;
      text[out++] = digits[byte & 15]!;
    }
    yield;
  }
  return text;
}
