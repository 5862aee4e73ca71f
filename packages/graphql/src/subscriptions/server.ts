/** Takes WebSocket handshakes, and bounds what clients may have us hold before we know them and after. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type HttpRequest, reasonPhrase, type UpgradeListener } from '@peakstone/kernel/http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Headers } from '../auth/session.ts';
import { graphqlErrors, HasuraError } from '../errors.ts';
import { isAllowed } from '../http/cors.ts';
import { Connection, type ConnectionContext, type Endpoint } from './connection.ts';
import { type Closing, closing, protocolOf } from './protocol.ts';

export interface SocketServerContext extends ConnectionContext {
  readonly maxFrameBytes: number;
  readonly maxSockets: number;
}

export interface SocketServer {
  readonly onUpgrade: UpgradeListener;
  /** Open connections. */
  readonly size: number;
  closeAll(why: Closing): void;
  /** Closes all, takes no more, and settles when the last has gone. */
  stop(): Promise<void>;
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['/v1/graphql', { kind: 'standard', errors: 'graphql' }],
  ['/v1alpha1/graphql', { kind: 'standard', errors: 'graphqlStatus' }],
  ['/v1beta1/relay', { kind: 'relay', errors: 'graphql' }],
]);

/** What a client may send before it has said who it is. */
const maxUnknownBytes = 64 * 1024;
/** Clients at once that have not said who they are. */
const maxUnknown = 2000;
/** Of the connection, and not of who asks. */
const ofConnection = ['sec-websocket-key', 'sec-websocket-version', 'upgrade', 'connection'];

interface Open {
  readonly connection: Connection;
  readonly socket: WebSocket;
  isHeard: boolean;
}

/** A silent client is asked this often whether it still lives, and cut when the next time has come without an answer. */
const pulseMs = 30_000;

export function createSocketServer(context: SocketServerContext): SocketServer {
  const { config } = context;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: context.maxFrameBytes,
    handleProtocols: offered => protocolOf([...offered].join(',')).name,
  });
  const open = new Set<Open>();
  let unknown = 0;
  let stopping: Promise<void> | null = null;
  let whenEmpty: (() => void) | null = null;
  const keepAlive = setInterval(
    () => {
      for (const { connection } of open) connection.keepAlive();
    },
    Math.max(1, config.websocket.keepAliveMs),
  );
  if (config.websocket.keepAliveMs === 0) clearInterval(keepAlive);
  const pulse = setInterval(() => {
    for (const each of open) {
      if (!each.isHeard) each.socket.terminate();
      each.isHeard = false;
      each.socket.ping();
    }
  }, pulseMs);
  keepAlive.unref();
  pulse.unref();

  const accept = (request: HttpRequest, socket: Duplex, head: Buffer): void => {
    const endpoint = endpoints.get(request.path);
    const headers = readHeaders(request.headers);
    const refusal = refusalOf(endpoint, headers);
    if (refusal || !endpoint || !headers) {
      reject(socket, refusal ?? tooMany());
      return;
    }
    const protocol = protocolOf(request.headers['sec-websocket-protocol']);
    // Of Node's request these three are looked at, and ours has them.
    const handshake = {
      method: request.method,
      url: request.target,
      headers: request.headers,
    } as unknown as IncomingMessage;
    server.handleUpgrade(handshake, socket, head, webSocket => {
      const connection = new Connection(
        webSocket,
        protocol,
        { headers, endpoint, address: request.remoteAddress },
        context,
      );
      const each: Open = { connection, socket: webSocket, isHeard: true };
      open.add(each);
      const forget = watchUnknown(connection, socket);
      webSocket.on('message', () => {
        each.isHeard = true;
      });
      webSocket.on('pong', () => {
        each.isHeard = true;
      });
      webSocket.on('close', () => {
        forget();
        open.delete(each);
        if (open.size === 0) whenEmpty?.();
      });
      if (stopping) connection.close(closing.stopping());
    });
  };

  /** Why a handshake is not taken; null when it is. */
  function refusalOf(endpoint: Endpoint | undefined, headers: Headers | null): HasuraError | null {
    if (!endpoint || !config.enabledApis.has('graphql'))
      return new HasuraError(
        'not-found',
        "only '/v1/graphql', '/v1alpha1/graphql' and '/v1beta1/relay' are supported on websockets",
      );
    if (!headers)
      return new HasuraError(
        'access-denied',
        'received origin header does not match configured CORS domains',
        { status: 400 },
      );
    if (stopping) return new HasuraError('busy', 'Server is shutting down');
    return open.size >= context.maxSockets || unknown >= maxUnknown ? tooMany() : null;
  }

  /** Until the client has said who it is, it has little time, and little to say. */
  function watchUnknown(connection: Connection, socket: Duplex): () => void {
    unknown++;
    let bytes = 0;
    let isForgotten = false;
    const forget = (): void => {
      if (isForgotten) return;
      isForgotten = true;
      unknown--;
      clearTimeout(timer);
      socket.off('data', onData);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (connection.isInitialised) forget();
      else if (bytes > maxUnknownBytes) socket.destroy();
    };
    const timer = setTimeout(
      () => {
        if (!connection.isInitialised) connection.close(closing.initTimeout());
        forget();
      },
      Math.max(1, config.websocket.connectionInitTimeoutMs),
    );
    timer.unref();
    socket.on('data', onData);
    return forget;
  }

  /** What counts for who asks; null for an origin that may not. */
  function readHeaders(given: Headers): Headers | null {
    const { origin } = given;
    const headers = Object.fromEntries(
      Object.entries(given).filter(([name]) => !ofConnection.includes(name)),
    );
    if (origin === undefined) return headers;
    if (config.cors.disabled) {
      // A foreign page must not act with the cookies of who visits it.
      if (!config.websocket.readCookie) delete headers.cookie;
      return headers;
    }
    return isAllowed(origin, config.cors.domains) ? headers : null;
  }

  const closeAll = (why: Closing): void => {
    for (const { connection } of open) connection.close(why);
  };

  return {
    onUpgrade: accept,
    get size() {
      return open.size;
    },
    closeAll,
    stop() {
      stopping ??= new Promise(resolve => {
        clearInterval(keepAlive);
        clearInterval(pulse);
        closeAll(closing.stopping());
        whenEmpty = resolve;
        if (open.size === 0) resolve();
      });
      return stopping;
    },
  };
}

function tooMany(): HasuraError {
  return new HasuraError('busy', 'too many connections');
}

/** Refuses a handshake. */
function reject(socket: Duplex, error: HasuraError): void {
  const { status } = error;
  const body = graphqlErrors([error], { showInternal: false });
  const retry = status === 503 ? 'Retry-After: 1\r\n' : '';
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${retry}Connection: close\r\n\r\n${body}`,
  );
}
