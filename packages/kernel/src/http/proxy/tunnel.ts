import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { HttpRequest } from '../types.ts';
import { type ForwardOptions, upstreamHeaders } from './headers.ts';

const CONNECT_TIMEOUT_MS = 5000;

/** Answers a handshake that can't be served, and closes. */
export function refuseUpgrade(socket: Duplex, status: number, reason: string, message: string): void {
  const body = JSON.stringify({ message, hint: null });
  socket.on('error', () => {
    // The client left before the refusal; nothing is lost.
  });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/**
 * Hands a WebSocket handshake to `url` and from then on carries bytes both ways, under back-pressure,
 * until either side closes.
 */
export function tunnelTo(
  url: string | URL,
  request: HttpRequest,
  socket: Duplex,
  head: Buffer,
  options: ForwardOptions = {},
): void {
  const upstream = new URL(url);
  const secure = upstream.protocol === 'https:' || upstream.protocol === 'wss:';
  const host = upstream.hostname.replace(/^\[|\]$/g, '');
  const port = Number(upstream.port || (secure ? 443 : 80));
  const other: Socket = secure ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
  let open = false;
  const timer = setTimeout(() => other.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);

  other.once(secure ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer);
    open = true;
    const headers = upstreamHeaders(request, upstream.host, options);
    headers.connection = 'Upgrade';
    headers.upgrade = request.headers.upgrade ?? 'websocket';
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const path = upstream.pathname.replace(/\/$/, '') + request.target;
    other.write(`${request.method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    if (head.length > 0) other.write(head);
    other.setNoDelay(true);
    other.pipe(socket);
    socket.pipe(other);
  });
  other.on('error', () => {
    clearTimeout(timer);
    if (open) socket.destroy();
    else refuseUpgrade(socket, 502, 'Bad Gateway', 'The service behind this address can not be reached');
  });
  other.on('close', () => {
    clearTimeout(timer);
    if (open) socket.destroy();
  });
  socket.on('error', () => other.destroy());
  socket.on('close', () => other.destroy());
}
