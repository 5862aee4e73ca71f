import { chmod, lstat, unlink } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { trustedNetworks } from './address.ts';
import { BodyMemory, processBodies } from './bodyMemory.ts';
import { createServer } from './builtin.ts';
import { sendLast } from './closing.ts';
import { httpDate } from './date.ts';
import { HttpError } from './errors.ts';
import { FastConnection } from './fast/connection.ts';
import { assertUnambiguous, isWebSocketHandshake } from './node/framing.ts';
import { Pipeline } from './node/pipeline.ts';
import { NodeRequest } from './node/request.ts';
import { serveNode } from './node/serve.ts';
import { limitsOf, type ServeOptions } from './options.ts';
import { errorResponse } from './respond.ts';
import type { RefusedStatus, ServerHost } from './serverHost.ts';
import { SocketGuard } from './socketGuard.ts';
import { sourceOf } from './source.ts';
import { StalledWriters } from './stalled.ts';
import { reasonPhrase } from './status.ts';
import { Tunnels } from './tunnels.ts';
import type { Handler } from './types.ts';

/** A listening server. */
export interface HttpServer {
  /** Where it listens: `http://host:port`, or `unix:PATH`. */
  readonly url: string;
  /** TCP port; 0 on a unix socket. */
  readonly port: number;
  readonly address: AddressInfo | string;
  /** Open connections, in both lanes. */
  readonly connections: number;
  /**
   * Answers what arrives within a moment with `Connection: close`, then stops accepting, ends idle
   * connections, lets requests in work finish, and cuts what is left after `drainMs` (default 10 s).
   * Safe to call twice.
   */
  close(drainMs?: number): Promise<void>;
}

const SWEEP_MS = 1000;
/** A request that was on its way when closing began arrives within this time. */
const IN_FLIGHT_MS = 100;
/** Clients that go on connecting don't keep us from closing for longer than this. */
const ACCEPT_MS = 2000;
/** Whoever asks nothing for so long once no request is in work, or doesn't read its answer, is cut. */
const CUT_MS = 500;

/**
 * Listens and answers with `handler`. Plain requests take the fast lane; whatever isn't plainly
 * well-formed is parsed by node:http, on the same connection.
 * @throws the listen error (`EADDRINUSE` …), before anything is left open.
 */
export async function serveHttp(handler: Handler, options: ServeOptions = {}): Promise<HttpServer> {
  const limits = limitsOf(options);
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(SWEEP_MS, limits.headersTimeoutMs),
    requireHostHeader: true,
    ...(options.onUpgrade && { shouldUpgradeCallback: isWebSocketHandshake }),
  });
  // Half-closing clients get their answer; node:http's default would cut them off. It isn't in the types.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;

  const trusted = options.trustedProxies?.length ? trustedNetworks(options.trustedProxies) : null;
  const fast = new Set<FastConnection>();
  const guard = new SocketGuard(limits, socket => Pipeline.of(socket).breakOff(408));
  const { sockets } = guard;
  const tunnels = new Tunnels(limits.maxConnections);
  const stalled = new StalledWriters(limits.idleTimeoutMs, limits.maxWaitingBytes);
  let accepted = 0;
  let inWork = 0;
  let draining = false;
  let whenQuiet: (() => void) | null = null;
  const toNodeHttp = server.listeners('connection')[0] as (this: Server, socket: Socket) => void;

  const host: ServerHost = {
    handler,
    wrote(socket) {
      stalled.wrote(socket);
    },
    limits,
    bodies: options.maxBodiesBytes === undefined ? processBodies() : new BodyMemory(options.maxBodiesBytes),
    rootlessTargets: options.rootlessTargets ?? false,
    trusted,
    get draining() {
      return draining;
    },
    now: () => performance.now(),
    begin(socket) {
      inWork++;
      guard.work(socket, 1);
    },
    end(socket) {
      inWork--;
      guard.work(socket, -1);
      if (inWork === 0) whenQuiet?.();
    },
    failed(error, request) {
      host.report(error, request);
      return errorResponse(error);
    },
    report(error, request) {
      if (error instanceof HttpError && error.status < 500) return;
      try {
        options.onError?.(error, request);
      } catch {
        // The callback for failures failed itself. The request's own answer matters more, and nobody is left to report to.
      }
    },
    refuse,
    handOver(socket, unread, ended) {
      toNodeHttp.call(server, socket);
      // As if read from the wire: node:http's own listener parses it before anything that arrives later.
      if (unread.length > 0) socket.emit('data', unread);
      if (ended) socket.emit('end');
      Pipeline.of(socket).goOn();
    },
    forget: connection => {
      fast.delete(connection as FastConnection);
    },
  };

  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    accepted++;
    const now = host.now();
    if (!guard.add(socket, now)) {
      socket.destroy();
      return;
    }
    socket.once('close', () => {
      guard.forget(socket);
      stalled.forget(socket);
    });
    if (options.fastLane === false) toNodeHttp.call(server, socket);
    else fast.add(new FastConnection(socket, host, now));
  });
  const serveOther = (message: IncomingMessage, reply: ServerResponse, expectsContinue: boolean): void => {
    // It has an answer for whatever fails; what then fails still is this connection's alone.
    serveNode(message, reply, host, expectsContinue).catch(() => message.socket.destroy());
  };
  server.on('request', (message, reply) => serveOther(message, reply, false));
  server.on('checkContinue', (message, reply) => serveOther(message, reply, true));
  server.on('checkExpectation', (message: IncomingMessage, reply: ServerResponse) => {
    if (options.unknownExpectations === 'ignore') {
      serveOther(message, reply, false);
      return;
    }
    reply.writeHead(417, { Connection: 'close', 'Content-Length': 0 });
    reply.end();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
    refuseUnreadable(error, socket as Socket),
  );
  const { onUpgrade } = options;
  if (onUpgrade) {
    server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) =>
      inTurn(socket as Socket, () => {
        const request = new NodeRequest(message, host, null);
        if (!tunnels.take(socket, sourceOf(request.remoteAddress))) {
          refuse(socket as Socket, 503);
          return;
        }
        // From here on the socket's end is the listener's affair.
        guard.work(socket as Socket, 1);
        try {
          assertUnambiguous(message);
          onUpgrade(request, socket, head);
        } catch (error) {
          if (!(error instanceof HttpError)) host.report(error, request);
          refuse(socket as Socket, error instanceof HttpError ? 400 : 500);
        }
      }),
    );
  }
  // Nobody is connected through us to another host.
  server.on('connect', (_message, socket) => inTurn(socket as Socket, () => refuse(socket as Socket, 405)));

  if (options.socketPath !== undefined) await removeStaleSocket(options.socketPath);
  await listen(server, options);
  if (options.socketPath !== undefined) await chmod(options.socketPath, options.socketMode ?? 0o660);

  const sweep = setInterval(
    () => {
      const now = host.now();
      for (const connection of fast) connection.sweep(now);
      stalled.sweep(sockets.keys(), now);
      guard.sweep(now);
    },
    Math.min(SWEEP_MS, limits.headersTimeoutMs, limits.idleTimeoutMs),
  );
  sweep.unref();

  let closing: Promise<void> | null = null;
  const address = server.address() as AddressInfo | string;
  return {
    address,
    port: typeof address === 'string' ? 0 : address.port,
    url: typeof address === 'string' ? `unix:${address}` : urlOf(address),
    get connections() {
      return sockets.size;
    },
    close(drainMs = 10_000) {
      closing ??= shutDown(drainMs);
      return closing;
    },
  };

  async function shutDown(drainMs: number): Promise<void> {
    draining = true;
    // Whoever waits to be accepted has sent a request, or is about to, like those whose connections are open.
    await acceptWaiting();
    if (sockets.size > 0) {
      await delay(Math.min(drainMs, IN_FLIGHT_MS));
      await acceptWaiting();
    }
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    for (const connection of fast) connection.close();
    if (inWork > 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, drainMs);
        whenQuiet = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    // Responses are handed to the sockets by now: let them leave, then cut who doesn't read or never asked.
    const cut = setTimeout(
      () => {
        for (const socket of sockets.keys()) socket.destroy();
      },
      Math.min(drainMs, CUT_MS),
    );
    server.closeIdleConnections();
    await closed;
    clearTimeout(cut);
    clearInterval(sweep);
  }

  /**
   * Takes the connections that the system has accepted for us: it would reset them when we stop listening.
   * A turn of the event loop accepts at least one if there is one.
   */
  async function acceptWaiting(): Promise<void> {
    const end = host.now() + ACCEPT_MS;
    let before: number;
    do {
      before = accepted;
      await nextTurn();
      await nextTurn();
    } while (accepted !== before && host.now() < end);
  }
}

/** When the answers to what came before on the connection have left; not at all where one of them was its last. */
function inTurn(socket: Socket, act: () => void): void {
  const waiting = Pipeline.of(socket).turn(null);
  if (waiting === null) act();
  else waiting.then(() => socket.destroyed || socket.writableEnded || act());
}

function refuse(socket: Socket, status: RefusedStatus): void {
  const reason = reasonPhrase(status);
  const body = JSON.stringify({ message: reason, hint: null });
  const retry = status === 503 ? 'Retry-After: 1\r\n' : '';
  sendLast(
    socket,
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\n${retry}Date: ${httpDate()}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** The reply that node:http has in work on a socket. */
type WithReply = Socket & { _httpMessage?: ServerResponse | null };

function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  const reply = (socket as WithReply)._httpMessage;
  const status = statusOfParseError(error.code);
  Pipeline.of(socket).breakOff(status);
  if (reply && !reply.writableFinished) {
    // The request before the broken one is still being answered: its answer first, or the client would take ours for it.
    reply.once('close', () => refuseUnreadable(error, socket));
    return;
  }
  if (error.code === 'ECONNRESET' || socket.destroyed) {
    socket.destroy();
    return;
  }
  refuse(socket, status);
}

function statusOfParseError(code: string | undefined): RefusedStatus {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    default:
      return 400;
  }
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const done = () => {
      server.off('error', reject);
      resolve();
    };
    // A long backlog: a burst of thousands of connections must not be refused while we accept.
    if (options.listener !== undefined) server.listen(options.listener, 4096, done);
    else if (options.socketPath !== undefined)
      server.listen({ path: options.socketPath, backlog: 4096 }, done);
    else {
      const { host = '127.0.0.1', port = 0, reusePort = false } = options;
      server.listen({ host, port, reusePort, backlog: 4096 }, done);
    }
  });
}

function urlOf({ address, family, port }: AddressInfo): string {
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

/** Removes the socket file of a server that is gone; leaves a live one, and anything that isn't a socket, for `listen` to refuse. */
async function removeStaleSocket(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => null);
  if (!stat?.isSocket()) return;
  const alive = await new Promise<boolean>(resolve => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (!alive) await unlink(path);
}
