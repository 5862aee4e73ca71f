/** Answers requests that came through node:http's parser. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpDate } from '../date.ts';
import { drained } from '../drained.ts';
import { PeerProbe } from '../peerProbe.ts';
import { assertBytes, isStream, type PlannedResponse, planAnswer, releaseBody } from '../plan.ts';
import type { ServerHost } from '../serverHost.ts';
import type { HttpBody, HttpResponse } from '../types.ts';
import { assertUnambiguous } from './framing.ts';
import { Pipeline } from './pipeline.ts';
import { NodeRequest } from './request.ts';

/** How long, and for how many bytes, a refused upload is read and thrown away, so that its sender sees the answer. */
const LINGER_MS = 1000;
const LINGER_BYTES = 4 * 1024 * 1024;
const NON_ASCII = /[^\x00-\x7f]/;

/** Serves one request; settles when its response has ended or its client is gone. Never rejects. */
export async function serveNode(
  message: IncomingMessage,
  reply: ServerResponse,
  host: ServerHost,
  expectsContinue: boolean,
): Promise<void> {
  const request = new NodeRequest(message, host, expectsContinue ? reply : null);
  const { socket } = message;
  const gone = () => {
    if (!reply.writableFinished) request.abort();
  };
  let probe = null as PeerProbe | null;
  let answering = false;
  const half = () => {
    request.breakOff(400);
    if (answering && !reply.headersSent) probe ??= new PeerProbe(socket);
  };
  const pipeline = Pipeline.of(socket);
  pipeline.enter(request, half);
  reply.on('close', gone);
  reply.on('error', gone);
  host.begin(socket);
  try {
    const waiting = pipeline.turn(reply);
    if (waiting !== null) await waiting;
    if (socket.destroyed) return;
    answering = true;
    if (socket.readableEnded) {
      // What came with its head, the parser has by then.
      await null;
      half();
    }
    const response = await handle(request, message, host);
    if (socket.destroyed) {
      releaseBody(response?.body ?? null);
      return;
    }
    await write(request, message, reply, response, host, () => probe?.stop() ?? 0);
    if (socket.writableLength > 0) host.wrote(socket);
  } catch (error) {
    // Not the handler's, whose failures have an answer: this connection's state is unknown, so it ends.
    host.report(error, request);
    socket.destroy();
  } finally {
    probe?.stop();
    host.end(socket);
    request.release();
    pipeline.leave(request);
  }
}

async function handle(
  request: NodeRequest,
  message: IncomingMessage,
  host: ServerHost,
): Promise<HttpResponse> {
  try {
    assertUnambiguous(message);
  } catch (error) {
    request.ambiguous = true;
    return host.failed(error, request);
  }
  try {
    return await host.handler(request);
  } catch (error) {
    return host.failed(error, request);
  }
}

async function write(
  request: NodeRequest,
  message: IncomingMessage,
  reply: ServerResponse,
  response: HttpResponse,
  host: ServerHost,
  begun: () => number,
): Promise<void> {
  const planned = planAnswer(host, request, response);
  const { body } = planned.response;
  const closes = request.leavesBody;
  sendHead(reply, planned, closes || host.draining, begun());
  if (planned.sendsBody && isStream(body)) {
    await pump(request, reply, body, planned, host);
  } else {
    if (!planned.sendsBody) releaseBody(body);
    const parts = planned.sendsBody ? partsOf(body as Exclude<HttpBody, AsyncIterable<Uint8Array>>) : [];
    if (closes && !request.brokenOff) {
      reply.flushHeaders();
      for (const part of parts) reply.write(part);
      await linger(message);
      reply.end();
    } else {
      sendParts(reply, planned.head, parts);
    }
  }
  if (closes || message.complete || message.socket.destroyed) return;
  // What is still to come of the body stands before the next request: it is read to its end, or there is no next one.
  await linger(message);
  if (!message.complete) message.socket.destroySoon();
}

function partsOf(body: null | string | Uint8Array | readonly Uint8Array[]): readonly (string | Uint8Array)[] {
  if (body === null) return [];
  return Array.isArray(body) ? (body as readonly Uint8Array[]) : [body as string | Uint8Array];
}

/** In one write where node:http can. */
function sendParts(reply: ServerResponse, head: string, parts: readonly (string | Uint8Array)[]): void {
  if (parts.length <= 1) {
    const [part] = parts;
    // node:http would encode a head of latin-1 as the text that follows it.
    reply.end(typeof part === 'string' && NON_ASCII.test(head) ? Buffer.from(part) : part);
    return;
  }
  reply.cork();
  for (const part of parts) reply.write(part);
  reply.uncork();
  reply.end();
}

/** node:http's rendered head, which it sends with the first bytes of the body. */
type WithHead = ServerResponse & { _header: string };

/** `begun` bytes of it have been sent already. */
function sendHead(reply: ServerResponse, planned: PlannedResponse, closes: boolean, begun: number): void {
  const lines = planned.head.split('\r\n');
  const headers: string[] = [];
  for (let i = 1; i < lines.length - 1; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    // Chunked or not depends on the client's HTTP version, which node:http knows.
    if (!line.startsWith('Transfer-Encoding:')) headers.push(line.slice(0, colon), line.slice(colon + 2));
  }
  headers.push('Date', httpDate());
  reply.sendDate = false;
  if (closes || planned.close) headers.push('Connection', 'close');
  const { status, statusText } = planned.response;
  if (statusText === undefined) reply.writeHead(status, headers);
  else reply.writeHead(status, statusText, headers);
  if (begun > 0) (reply as WithHead)._header = (reply as WithHead)._header.slice(begun);
}

async function pump(
  request: NodeRequest,
  reply: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  planned: PlannedResponse,
  host: ServerHost,
): Promise<void> {
  let sent = 0;
  try {
    reply.flushHeaders();
    for await (const chunk of body) {
      if (reply.destroyed) return;
      assertBytes(chunk);
      sent += chunk.byteLength;
      if (planned.framing === 'given' && sent > planned.length) break;
      if (!reply.write(chunk)) await drained(reply);
    }
    if (planned.framing === 'given' && sent !== planned.length) {
      throw new Error(`Response body ended at ${sent} bytes, Content-Length was ${planned.length}`);
    }
    reply.end();
  } catch (error) {
    host.report(error, request);
    reply.destroy();
  }
}

function linger(message: IncomingMessage): Promise<void> {
  return new Promise(resolve => {
    let bytes = 0;
    const timer = setTimeout(done, LINGER_MS);
    function done() {
      clearTimeout(timer);
      message.off('data', count);
      resolve();
    }
    function count(chunk: Buffer) {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) done();
    }
    message.on('data', count);
    message.once('end', done);
    message.once('close', done);
    message.once('error', done);
  });
}
