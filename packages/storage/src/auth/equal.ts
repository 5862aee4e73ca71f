import { timingSafeEqual } from 'node:crypto';

/** Compares in constant time what a client sent with what it should have. */
export function isEqual(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
