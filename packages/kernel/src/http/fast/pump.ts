import type { Socket } from 'node:net';
import { drained } from '../drained.ts';
import { assertBytes, type PlannedResponse } from '../plan.ts';
import type { ServerHost } from '../serverHost.ts';
import type { HttpRequest } from '../types.ts';

/**
 * Sends a streamed body under back-pressure. When the stream fails the connection is cut,
 * so that the client sees an incomplete body rather than a short one.
 * Settles when all is handed to the socket or the socket is gone; never rejects.
 */
export async function pumpBody(
  socket: Socket,
  host: ServerHost,
  request: HttpRequest,
  body: AsyncIterable<Uint8Array>,
  planned: PlannedResponse,
): Promise<void> {
  let sent = 0;
  try {
    for await (const chunk of body) {
      if (socket.destroyed) return;
      assertBytes(chunk);
      if (chunk.byteLength === 0) continue;
      sent += chunk.byteLength;
      if (planned.framing === 'given' && sent > planned.length) break;
      if (!send(socket, chunk, planned.framing === 'chunked')) await drained(socket);
    }
    if (planned.framing === 'given' && sent !== planned.length) {
      throw new Error(`Response body ended at ${sent} bytes, Content-Length was ${planned.length}`);
    }
    if (planned.framing === 'chunked' && !socket.destroyed) socket.write('0\r\n\r\n', 'latin1');
  } catch (error) {
    host.report(error, request);
    socket.destroy();
  }
}

function send(socket: Socket, chunk: Uint8Array, chunked: boolean): boolean {
  if (!chunked) return socket.write(chunk);
  socket.cork();
  socket.write(`${chunk.byteLength.toString(16)}\r\n`, 'latin1');
  socket.write(chunk);
  const ready = socket.write('\r\n', 'latin1');
  socket.uncork();
  return ready;
}
