import type { Socket } from 'node:net';
import { httpDate } from '../date.ts';
import { isStream, planAnswer, releaseBody } from '../plan.ts';
import type { ServerHost } from '../serverHost.ts';
import type { HttpRequest, HttpResponse } from '../types.ts';
import { pumpBody } from './pump.ts';

/** Up to here a body is copied behind its head, so that one system call sends both. */
const MAX_COPY_BYTES = 64 * 1024;
const NON_ASCII = /[^\x00-\x7f]/;

/**
 * Writes a response. `closing` says that the connection ends after it anyway, `begun` how many bytes of it have left already.
 * @returns whether the connection must end after it; as a promise when the body is a stream. It never rejects.
 */
export function writeResponse(
  socket: Socket,
  host: ServerHost,
  request: HttpRequest,
  response: HttpResponse,
  closing: boolean,
  begun: number,
): boolean | Promise<boolean> {
  const planned = planAnswer(host, request, response);
  const { body } = planned.response;
  const close = closing || planned.close;
  if (socket.destroyed) {
    releaseBody(body);
    return true;
  }
  const whole = `${planned.head}Date: ${httpDate()}\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;
  const head = begun === 0 ? whole : whole.slice(begun);
  if (!planned.sendsBody || body === null) {
    socket.write(head, 'latin1');
    releaseBody(body);
    return close;
  }
  if (isStream(body)) {
    socket.write(head, 'latin1');
    return pumpBody(socket, host, request, body, planned).then(() => close);
  }
  if (typeof body === 'string') {
    if (NON_ASCII.test(head)) writeParts(socket, head, [Buffer.from(body)]);
    else socket.write(head + body, 'utf8');
    return close;
  }
  writeParts(socket, head, Array.isArray(body) ? (body as readonly Uint8Array[]) : [body as Uint8Array]);
  return close;
}

function writeParts(socket: Socket, head: string, parts: readonly Uint8Array[]): void {
  let bytes = 0;
  for (const part of parts) bytes += part.byteLength;
  if (bytes <= MAX_COPY_BYTES) {
    const whole = Buffer.allocUnsafe(head.length + bytes);
    let at = whole.write(head, 0, 'latin1');
    for (const part of parts) {
      whole.set(part, at);
      at += part.byteLength;
    }
    socket.write(whole);
    return;
  }
  socket.cork();
  socket.write(head, 'latin1');
  for (const part of parts) socket.write(part);
  socket.uncork();
}
