/** The cursor of `after=`: the place of a row in an order, opaque to clients. Pure. */
import { createHash } from 'node:crypto';
import { beyondErrors } from '../errors.ts';

/** Longer ones were not made here, or hold values that no URL should carry. */
const maxLength = 8192;
const checksumLength = 8;

/**
 * The text for the row whose order values are `values`, as a JSON array of PostgreSQL's texts. `order` names what they are
 * values of; a cursor is good for that order only.
 */
export function encodeCursor(values: string, order: string): string {
  const json = Buffer.from(values);
  return Buffer.concat([checksum(json, order), json]).toString('base64url');
}

/**
 * The values in a cursor.
 * @throws {RestError} PEAK100 when it was damaged or altered, or made for another relation or order.
 */
export function decodeCursor(text: string, order: string): readonly (string | null)[] {
  if (text.length > maxLength || !/^[A-Za-z0-9_-]+$/.test(text)) {
    throw beyondErrors.invalidCursor('It is not one that this service gave.');
  }
  const bytes = Buffer.from(text, 'base64url');
  const json = bytes.subarray(checksumLength);
  // The checksum guards against mix-ups, not against forgery: a cursor gives no access that a filter would not give.
  if (!checksum(json, order).equals(bytes.subarray(0, checksumLength))) {
    throw beyondErrors.invalidCursor('It was altered, or belongs to another relation or order.');
  }
  const values = parseJson(json.toString());
  // Whoever can compute the checksum can still not write what is no cursor.
  if (!Array.isArray(values) || !values.every(isText)) {
    throw beyondErrors.invalidCursor('It is not one that this service gave.');
  }
  return values;
}

/** @returns undefined when it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The caller says what it means that there is none.
    return undefined;
  }
}

const isText = (value: unknown): value is string | null => value === null || typeof value === 'string';

function checksum(json: Buffer, order: string): Buffer {
  return createHash('sha256').update(order).update('\0').update(json).digest().subarray(0, checksumLength);
}
