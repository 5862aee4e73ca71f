import type { IncomingMessage } from 'node:http';
import { HttpError } from '../errors.ts';

const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;
const ABSOLUTE = /^https?:\/\/([A-Za-z0-9._:[\]-]+)((?:\/[^?]*)?)(\?.*)?$/i;

/**
 * Refuses what node:http's parser lets pass although servers behind or before us may read it as another request: more
 * than one Host or one that is none, a coding other than `chunked` alone, chunks by HTTP/1.0, and targets that are no path.
 * Everything else that is ambiguous (length and chunks, several lengths, folds, bare LF, NUL, spaces before a colon) is the parser's.
 * @throws {HttpError} 400, 501
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */
export function assertUnambiguous({ method, url = '', rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0;
  let codings = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (!HOST.test(rawHeaders[i + 1]!)) throw new HttpError(400, 'The Host header is not a host');
      hosts++;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (rawHeaders[i + 1]!.toLowerCase() !== 'chunked')
        throw new HttpError(501, 'The only transfer coding served is chunked');
      codings++;
    }
  }
  if (hosts > 1) throw new HttpError(400, 'The request names more than one host');
  if (codings > 1 || (codings === 1 && httpVersion !== '1.1'))
    throw new HttpError(400, 'The body is framed in an ambiguous way');
  if (!url.startsWith('/') && readAbsolute(url) === null && !(url === '*' && method === 'OPTIONS'))
    throw new HttpError(400, 'The target is not a path');
}

/**
 * A target in absolute form, as clients send to a proxy and some to every server: it means the same as its path and
 * query, and the host that it names counts, whatever the Host field says. Null for every other form. Pure.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function readAbsolute(url: string): { readonly target: string; readonly host: string } | null {
  if (url.startsWith('/')) return null;
  const match = ABSOLUTE.exec(url);
  return match && { target: `${match[2] || '/'}${match[3] ?? ''}`, host: match[1]! };
}

/** Whether a request asks for a WebSocket and nothing else: one with a body is an ordinary request. Pure. */
export function isWebSocketHandshake({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && /^websocket$/i.test(headers.upgrade ?? '') && !hasBody(headers);
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
