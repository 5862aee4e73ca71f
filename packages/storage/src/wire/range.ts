/** Byte ranges of a GET. Pure. @see https://www.rfc-editor.org/rfc/rfc9110#section-14 */
import { S3Error } from '../errors/s3Error.ts';

export interface ByteRange {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/**
 * @returns undefined for none, and for what is no range that S3 serves: the whole is the answer then
 * @throws {S3Error} InvalidRange
 */
export function readRange(text: string | undefined, size: number): ByteRange | undefined {
  if (text === undefined) return undefined;
  const match = /^bytes=(\d{0,18})-(\d{0,18})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, first, last] = match as unknown as [string, string, string];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Number(last);
    if (length === 0 || size === 0) throw unsatisfiable(text, size);
    return { start: Math.max(0, size - length), end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= size) throw unsatisfiable(text, size);
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) };
}

export function unsatisfiable(requested: string, size: number): S3Error {
  return new S3Error('InvalidRange', {
    elements: { ActualObjectSize: String(size), RangeRequested: requested },
    headers: ['Content-Range', `bytes */${size}`],
  });
}
