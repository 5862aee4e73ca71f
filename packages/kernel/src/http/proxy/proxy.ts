import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BodyCollector } from '../bodyCollector.ts';
import { request as httpRequest, https } from '../builtin.ts';
import { drained } from '../drained.ts';
import { HttpError } from '../errors.ts';
import { jsonResponse } from '../respond.ts';
import type { Handler, HttpRequest, HttpResponse } from '../types.ts';
import { createAgent } from './agent.ts';
import { type Framing, framingOf } from './framing.ts';
import { downstreamHeaders, type ForwardOptions, upstreamHeaders } from './headers.ts';
import { withoutBase } from './location.ts';

export interface ProxyOptions extends ForwardOptions {
  /** Time to connect. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Time for the response's header block after the request was sent. Default 60 s; more is 504. */
  readonly responseTimeoutMs?: number;
  /** Longest silence within a body, either way. Default 60 s. */
  readonly idleTimeoutMs?: number;
  /** Connections to the upstream at once. Default 256. */
  readonly maxConnections?: number;
  /** The answer when the upstream can't be connected to. Default 502. */
  readonly unreachable?: () => HttpResponse;
}

/** A handler that hands requests to another server, and lets go of its connections. */
export interface ReverseProxy {
  readonly handler: Handler;
  close(): void;
}

/** Announced bodies up to this size are not streamed. */
const MAX_WHOLE_BYTES = 32 * 1024;

/** How often, and after how long, a refused connection is tried again. */
const MAX_REFUSED = 2;
const REFUSED_WAIT_MS = 50;

type FailureCode = 'unreachable' | 'timeout' | 'broken';

class ProxyFailure extends Error {
  readonly code: FailureCode;
  constructor(code: FailureCode, cause: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/**
 * A reverse proxy to `url` (http or https); its path is put before the request's. Bodies stream both ways under back-pressure.
 * Unreachable or broken upstreams answer 502, silent ones 504, as JSON.
 * @throws {RangeError} when `url` isn't http or https.
 */
export function proxyTo(url: string | URL, options: ProxyOptions = {}): ReverseProxy {
  const upstream = new URL(url);
  if (upstream.protocol !== 'http:' && upstream.protocol !== 'https:') {
    throw new RangeError(`A proxy's upstream must be http or https, not ${upstream.protocol}//`);
  }
  const secure = upstream.protocol === 'https:';
  const agent = createAgent(secure, options.maxConnections ?? 256);
  const base = upstream.pathname.replace(/\/$/, '');

  /** `fresh`: on a connection of its own, looked up anew, because those in the pool may lead to a server that left. */
  function open(request: HttpRequest, framing: Framing, fresh: boolean): ClientRequest {
    return (secure ? https().request : httpRequest)({
      agent: fresh ? false : agent,
      protocol: upstream.protocol,
      hostname: upstream.hostname.replace(/^\[|\]$/g, ''),
      port: upstream.port || (secure ? 443 : 80),
      method: request.method,
      path: base + request.target,
      headers: upstreamHeaders(request, upstream.host, framing, options),
      setDefaultHeaders: false,
    });
  }

  return {
    async handler(request) {
      try {
        const response = await exchange(request, open, options);
        return { ...response, headers: withoutBase(response.headers, upstream.origin, base) };
      } catch (error) {
        if (!(error instanceof ProxyFailure)) throw error;
        return failureResponse(error, options);
      }
    },
    close: () => agent.destroy(),
  };
}

function failureResponse(failure: ProxyFailure, options: ProxyOptions): HttpResponse {
  switch (failure.code) {
    case 'unreachable':
      return (
        options.unreachable?.() ??
        jsonResponse(502, {
          message: 'The service behind this address can not be reached',
          hint: 'Check that it runs and that its URL is right.',
        })
      );
    case 'timeout':
      return jsonResponse(504, {
        message: 'The service behind this address did not answer in time',
        hint: 'Try again, or look at its log.',
      });
    case 'broken':
      return jsonResponse(502, {
        message: 'The service behind this address broke off its answer',
        hint: 'Look at its log.',
      });
  }
}

async function exchange(
  request: HttpRequest,
  open: (request: HttpRequest, framing: Framing, fresh: boolean) => ClientRequest,
  options: ProxyOptions,
): Promise<HttpResponse> {
  const framing = framingOf(request);
  const hasBody = framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0);
  const repeatable = !hasBody && (request.method === 'GET' || request.method === 'HEAD');
  let upstream = open(request, framing, false);
  let gone = false;
  request.onAborted(() => {
    gone = true;
    upstream.destroy();
  });
  for (let repeats = 0; ; repeats++) {
    try {
      return await answer(request, upstream, hasBody ? framing : null, options);
    } catch (error) {
      if (!repeatable || !(error instanceof ProxyFailure) || !mayRepeat(error, upstream, repeats))
        throw error;
      if (error.code === 'unreachable') await sleep(REFUSED_WAIT_MS);
      // Nobody waits for it, and nobody would end it.
      if (gone) throw error;
      upstream = open(request, framing, true);
    }
  }
}

/**
 * One replica of several may be on its way out: its kept connections are closed, new ones refused or broken off unanswered.
 * The next connection reaches another. What is answered wrongly on a connection of its own is the service's own failure.
 */
function mayRepeat({ code }: ProxyFailure, upstream: ClientRequest, repeats: number): boolean {
  switch (code) {
    case 'broken':
      return repeats < 1 || upstream.reusedSocket;
    case 'unreachable':
      return repeats < MAX_REFUSED;
    case 'timeout':
      return false;
  }
}

/** `framing` is null when there is no body to send. */
async function answer(
  request: HttpRequest,
  upstream: ClientRequest,
  framing: Framing | null,
  options: ProxyOptions,
): Promise<HttpResponse> {
  const { responded, moved } = response(upstream, options);
  const sent = framing === null ? upstream.end() : sendBody(request, upstream, framing, moved);
  // An upload that fails on our client's side must not wait for the upstream; one that fails on the upstream's side shows there.
  const message = await Promise.race([responded, Promise.resolve(sent).then(() => responded)]);
  // An answer may be complete while the upload isn't. The rest of it is then nobody's, and must not be the next request's beginning.
  message.once('end', () => {
    if (!upstream.writableEnded) upstream.destroy();
  });
  const headers = downstreamHeaders(message.rawHeaders);
  const status = message.statusCode ?? 502;
  const reason = message.statusMessage ? { statusText: message.statusMessage } : {};
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    message.resume();
    return { status, headers, body: null, ...reason };
  }
  const length = Number(message.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  const body =
    length <= MAX_WHOLE_BYTES ? await wholeBody(message, length) : (message as AsyncIterable<Uint8Array>);
  return { status, headers, body, ...reason };
}

/** A small body at once, so that it leaves in one write with its head; and one that breaks off can still become a 502. */
function wholeBody(message: IncomingMessage, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const collector = new BodyCollector();
    message.on('data', (chunk: Buffer) => collector.add(chunk));
    message.once('end', () => {
      const body = collector.finish();
      if (body.length === length) resolve(body);
      else reject(new ProxyFailure('broken', undefined));
    });
    message.once('error', cause => reject(new ProxyFailure('broken', cause)));
    message.once('close', () => reject(new ProxyFailure('broken', undefined)));
    // It may have broken off in the very packet in which it began: then nothing of the above is to come.
    if (message.destroyed) reject(new ProxyFailure('broken', undefined));
  });
}

interface Answer {
  readonly responded: Promise<IncomingMessage>;
  /** Something of the upload went out: the upstream has its time from here. */
  moved(): void;
}

/** Settles with the response's head. Connecting and waiting are timed apart. */
function response(upstream: ClientRequest, options: ProxyOptions): Answer {
  const { connectTimeoutMs = 5000, responseTimeoutMs = 60_000, idleTimeoutMs = 60_000 } = options;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let connected = false;
  let answered = false;
  let timer = setTimeout(() => fail('timeout'), connectTimeoutMs);
  const fail = (code: FailureCode, cause?: unknown) => {
    // What fails later shows in the message itself; destroying the request would throw away what has come of it.
    if (answered) return;
    clearTimeout(timer);
    reject(new ProxyFailure(code, cause));
    upstream.destroy();
  };
  const onConnected = () => {
    connected = true;
    clearTimeout(timer);
    timer = setTimeout(() => fail('timeout'), responseTimeoutMs);
  };
  upstream.once('socket', socket => {
    if (socket.connecting) socket.once('connect', onConnected);
    else onConnected();
  });
  upstream.once('response', message => {
    answered = true;
    clearTimeout(timer);
    upstream.setTimeout(idleTimeoutMs, () => upstream.destroy());
    resolve(message);
  });
  upstream.on('error', error => fail(connected ? 'broken' : 'unreachable', error));
  upstream.once('close', () => fail('broken'));
  // Nobody asked for another protocol here, so a 101 is no answer.
  upstream.once('upgrade', (_message, socket) => {
    socket.destroy();
    fail('broken');
  });
  const moved = () => {
    if (connected) timer.refresh();
  };
  return { responded: promise, moved };
}

async function sendBody(
  request: HttpRequest,
  upstream: ClientRequest,
  framing: Framing,
  moved: () => void,
): Promise<void> {
  let sent = 0;
  try {
    for await (const chunk of request.stream()) {
      if (upstream.destroyed || upstream.writableEnded) return;
      sent += chunk.length;
      if (framing.kind === 'length' && sent > framing.bytes) break;
      if (!upstream.write(chunk)) await drained(upstream);
      moved();
    }
    if (framing.kind === 'length' && sent !== framing.bytes)
      throw new HttpError(400, 'The body is not as long as it was said to be');
    upstream.end();
  } catch (error) {
    upstream.destroy();
    throw error;
  }
}
