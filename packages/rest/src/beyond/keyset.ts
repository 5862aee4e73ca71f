/** The link to the next page of a cursor. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Result } from '@peakstone/kernel/pg';
import type { RestCall } from '../context.ts';
import { decodeText } from '../parse/query.ts';
import type { KeysetPlan } from '../plan/keyset.ts';
import { encodeCursor } from './cursor.ts';

/** The column of a page's result that holds the place of its last row. */
const keyColumn = 5;

/**
 * Adds Link after a full page. The address is relative to the request's own, so that it holds behind a proxy's path.
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export function withNextLink(
  response: HttpResponse,
  { order, pageRows }: KeysetPlan,
  rows: number,
  main: Result,
  call: RestCall,
): HttpResponse {
  const key = main.rows[0]?.[keyColumn];
  if (pageRows === null || rows === 0 || rows < pageRows || !key) return response;
  const others = (call.urlQuery ?? call.request.query)
    .split(/[&;]/)
    .filter(part => part !== '' && decodeText(part.split('=', 1)[0] ?? '') !== 'after');
  const query = [...others, `after=${encodeCursor(key.toString(), order)}`].join('&');
  // What a URI must not hold is encoded, or the header could be read in two ways.
  const safe = query.replace(/[<>"\\^`{|}\s]/g, character => encodeURIComponent(character));
  return { ...response, headers: [...response.headers, 'Link', `<?${safe}>; rel="next"`] };
}
