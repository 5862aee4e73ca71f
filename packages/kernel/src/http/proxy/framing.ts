import { HttpError } from '../errors.ts';
import type { HttpRequest } from '../types.ts';

/** How a request's body travels on from here. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

/** Methods whose requests say that they have no body by a length of 0. @see https://www.rfc-editor.org/rfc/rfc9110#section-8.6 */
const EXPECT_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * How a request was framed when it arrived. What its other fields say of it, such as Connection, changes nothing. Pure.
 * @throws {HttpError} 400 when its fields contradict one another; the parsers let none such through.
 */
export function framingOf({ method, headers }: HttpRequest): Framing {
  const length = headers['content-length'];
  if (headers['transfer-encoding'] !== undefined) {
    if (length !== undefined) throw new HttpError(400, 'The body is framed in an ambiguous way');
    return { kind: 'chunked' };
  }
  if (length === undefined) return EXPECT_BODY.has(method) ? { kind: 'length', bytes: 0 } : { kind: 'none' };
  if (!/^\d{1,15}$/.test(length)) throw new HttpError(400, 'Content-Length is not a number');
  return { kind: 'length', bytes: Number(length) };
}

/** The fields that frame it for the upstream. Pure. */
export function framingHeaders(framing: Framing): Record<string, string> {
  switch (framing.kind) {
    case 'none':
      return {};
    case 'length':
      return { 'content-length': String(framing.bytes) };
    case 'chunked':
      return { 'transfer-encoding': 'chunked' };
  }
}
