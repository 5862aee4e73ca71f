import { HttpError } from './errors.ts';

/** The refusal of a body over its limit, in the words both lanes use. */
export function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'Request body is too large', { hint: `The limit is ${maxBytes} bytes.` });
}
