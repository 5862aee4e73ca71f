/** The access log's line for a response. Pure. */
import { decodeHeader, type HttpResponse, responseHeader } from '@peakstone/kernel/http';
import type { RestEvent } from '../events.ts';

/** Apache's combined format; `-` for what is not known. */
export function accessLine(
  { request, role, response }: Extract<RestEvent, { kind: 'response' }>,
  time: string,
): string {
  const { referer = '', 'user-agent': agent = '' } = request.headers;
  const text = `${request.remoteAddress || '-'} - ${role ?? '-'} [${time}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${contentLength(response) ?? '-'} "${decodeHeader(referer)}" "${decodeHeader(agent)}"`;
  // A header may hold what would forge a second line.
  return `${text.replace(/[\x00-\x1f\x7f]/g, ' ')}\n`;
}

/** Bytes of the body, null when there is none, or when they are not known in advance. */
function contentLength(response: HttpResponse): number | null {
  const given = responseHeader(response, 'content-length');
  if (given !== undefined) return Number(given);
  const { body } = response;
  if (body === null) return null;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.byteLength;
  return Array.isArray(body)
    ? body.reduce((sum: number, part: Uint8Array) => sum + part.byteLength, 0)
    : null;
}
