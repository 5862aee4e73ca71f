/** The link to the next page of a cursor. */
import { type HttpResponse, withHeaders } from '@peakstone/kernel/http';
import type { Result } from '@peakstone/kernel/pg';
import { encodeCursor } from '../parse/cursor.ts';
import { decodeText } from '../parse/query.ts';
import type { KeysetPlan } from '../plan/keyset.ts';

/** The column of a page's result that holds the place of its last row. */
const keyColumn = 5;

/**
 * Adds Link after a full page. The address is relative to the request's own, so that it holds behind a proxy's path; `query` is that of its URL.
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export function withNextLink(
  response: HttpResponse,
  { order, pageRows }: KeysetPlan,
  rows: number,
  main: Result,
  query: string,
): HttpResponse {
  const key = main.rows[0]?.[keyColumn];
  if (pageRows === null || rows === 0 || rows < pageRows || !key) return response;
  const others = query
    .split(/[&;]/)
    .filter(part => part !== '' && decodeText(part.split('=', 1)[0] ?? '') !== 'after');
  const next = [...others, `after=${encodeCursor(key.toString(), order)}`].join('&');
  // What a URI must not hold is encoded, or the header could be read in two ways.
  const safe = next.replace(/[<>"\\^`{|}\s]/g, character => encodeURIComponent(character));
  return withHeaders(response, ['Link', `<?${safe}>; rel="next"`]);
}
