import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { request as httpRequest, https } from '../builtin.ts';
import { sendLast } from '../closing.ts';
import type { HttpRequest } from '../types.ts';
import { downstreamHeaders, type ForwardOptions, upstreamHeaders } from './headers.ts';

/** Time for the upstream to take the handshake or refuse it. */
const HANDSHAKE_MS = 30_000;
/** Longest silence in a tunnel. Those who keep one open for longer send pings. */
const IDLE_MS = 10 * 60_000;
/** Longest silence once one side has closed, and within the body of a refusal. */
const CLOSING_MS = 10_000;

/** Answers a handshake that can't be served, and closes. */
export function refuseUpgrade(socket: Duplex, status: number, reason: string, message: string): void {
  const body = JSON.stringify({ message, hint: null });
  sendLast(
    socket,
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/**
 * Hands a WebSocket handshake to `url`. If the upstream agrees by 101, bytes are carried both ways under back-pressure until
 * either side closes or both fall silent. Any other answer is handed on as the plain response that it is, and ends the
 * connection: nothing that the client has sent behind its handshake reaches an upstream that still speaks HTTP.
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
  const headers = upstreamHeaders(request, upstream.host, { kind: 'none' }, options);
  headers.connection = 'Upgrade';
  headers.upgrade = 'websocket';
  const handshake = (secure ? https().request : httpRequest)({
    agent: false,
    hostname: upstream.hostname.replace(/^\[|\]$/g, ''),
    port: upstream.port || (secure ? 443 : 80),
    method: 'GET',
    path: upstream.pathname.replace(/\/$/, '') + request.target,
    headers,
    setDefaultHeaders: false,
  });
  let answered = false;
  const timer = setTimeout(() => handshake.destroy(new Error('no answer to the handshake')), HANDSHAKE_MS);
  const clientLeft = () => handshake.destroy();
  socket.once('close', clientLeft);
  socket.on('error', clientLeft);
  const answer = (): boolean => {
    if (answered) return false;
    answered = true;
    clearTimeout(timer);
    return true;
  };

  handshake.once('upgrade', (message, other, first) => {
    answer();
    socket.off('close', clientLeft);
    if (socket.destroyed) {
      other.destroy();
      return;
    }
    socket.write(
      headOf(message, ['Connection: Upgrade', `Upgrade: ${message.headers.upgrade ?? 'websocket'}`]),
    );
    if (first.length > 0) socket.write(first);
    if (head.length > 0) other.write(head);
    carry(socket, other);
  });
  handshake.once('response', message => {
    answer();
    answerPlainly(message, socket);
  });
  handshake.on('error', () => {
    if (answer())
      refuseUpgrade(socket, 502, 'Bad Gateway', 'The service behind this address can not be reached');
  });
  handshake.end();
}

function headOf(message: IncomingMessage, connection: readonly string[]): Buffer {
  const headers = downstreamHeaders(message.rawHeaders);
  const lines = [`HTTP/1.1 ${message.statusCode} ${message.statusMessage ?? ''}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return Buffer.from(`${[...lines, ...connection].join('\r\n')}\r\n\r\n`, 'latin1');
}

/** A refusal by the upstream. Its body ends with its length, or with the connection. */
function answerPlainly(message: IncomingMessage, socket: Duplex): void {
  socket.write(headOf(message, ['Connection: close']));
  setIdle(socket, CLOSING_MS, () => message.destroy());
  message.on('data', (chunk: Buffer) => {
    if (socket.write(chunk)) return;
    message.pause();
    socket.once('drain', () => message.resume());
  });
  message.once('end', () => sendLast(socket, ''));
  message.once('error', () => {
    // Broken off within the body: 'close' follows.
  });
  message.once('close', () => {
    if (!message.complete) socket.destroy();
  });
}

function carry(client: Duplex, upstream: Duplex): void {
  const close = () => {
    client.destroy();
    upstream.destroy();
  };
  for (const side of [client, upstream]) {
    // Every byte passes by both, so that either tells of the silence of all.
    setIdle(side, IDLE_MS, close);
    side.once('end', () => setIdle(side, CLOSING_MS, close));
    side.on('error', close);
    side.once('close', close);
  }
  client.pipe(upstream);
  upstream.pipe(client);
}

/** Sockets, and TLS over them, know how long they have been silent; the types promise only streams. */
function setIdle(stream: Duplex, ms: number, listener: () => void): void {
  const socket = stream as Duplex & { setTimeout?(ms: number, listener?: () => void): void };
  socket.removeAllListeners('timeout');
  socket.setTimeout?.(ms, listener);
}
