import type { Duplex } from 'node:stream';
import { descriptorLimit } from './descriptorLimit.ts';
import type { Listener } from './listener.ts';
import type { HttpRequest } from './types.ts';

/** Takes over a WebSocket handshake. The socket is its own from then on; errors on it are the listener's to handle. */
export type UpgradeListener = (request: HttpRequest, socket: Duplex, head: Buffer) => void;

/** Settings of {@link serveHttp}; every limit has a default that is safe to face the internet with. */
export interface ServeOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** TCP port, 0 for any free one. Exclusive with `socketPath`. */
  readonly port?: number;
  /** Lets several processes listen on the port (SO_REUSEPORT), so that a new one can take over without a gap. Default false. */
  readonly reusePort?: boolean;
  /** A port that is bound already, in place of `host` and `port`; it is closed with the server. */
  readonly listener?: Listener | undefined;
  /** Unix socket. A stale file of a dead server is replaced, a live one is an error. */
  readonly socketPath?: string;
  /** File mode of the unix socket. Default 0o660. */
  readonly socketMode?: number;
  /** Largest request body; more is 413. Default 10 MiB. */
  readonly maxBodyBytes?: number;
  /**
   * Bytes that the bodies of requests in work may hold, over all connections. Beyond it those that have stopped arriving are
   * refused, then those of the source that holds most; see {@link BodyMemory}. Default an eighth of the memory that the
   * process may use, shared by all its servers.
   */
  readonly maxBodiesBytes?: number;
  /** Largest request line and header block together; more is 431. Default 32 KiB. */
  readonly maxHeaderBytes?: number;
  /** Time for a request's header block to arrive; later is 408. Default 20 s. */
  readonly headersTimeoutMs?: number;
  /** Time for a whole request to arrive, body included; later is 408. Default 300 s. */
  readonly requestTimeoutMs?: number;
  /** How long a kept-alive connection may stay idle, and a client may refuse to read a response. Default 95 s: above the 90 s after which Traefik drops idle upstream connections, so that it's never us who close under a request. */
  readonly idleTimeoutMs?: number;
  /**
   * Bytes of responses that may wait for slow readers, over all connections. Beyond it those who have read nothing for a
   * second or more are cut, the longest stalled first; then those of the source that holds most who have had five seconds, or,
   * beyond twice as much, any. Nobody is refused for what others do not read. Default 256 MiB.
   */
  readonly maxWaitingBytes?: number;
  /**
   * Connections at once, of which WebSockets have half. Beyond it idle ones make room for new ones, and new ones are closed when
   * none is idle. Default 16384, or three quarters of the descriptors that the process may have open, which is what all its
   * servers have together: the rest is for the database and files.
   */
  readonly maxConnections?: number;
  /** Networks (`10.0.0.0/8`, `::1`, `loopback`, `private`) whose X-Forwarded-For is believed. Default none. */
  readonly trustedProxies?: readonly string[];
  /** Serve plain requests without node:http's parser; odd ones always meet it. Default true. */
  readonly fastLane?: boolean;
  /** Read `GET films HTTP/1.1` as `GET /films`, as some servers do; node:http's parser refuses it. Needs the fast lane. Default false. */
  readonly rootlessTargets?: boolean;
  /** What becomes of an Expect that HTTP does not know: refused with 417, or passed over as if it were not there. Default `refuse`. */
  readonly unknownExpectations?: 'refuse' | 'ignore';
  /** Called for WebSocket handshakes; without it they are answered as ordinary requests. */
  readonly onUpgrade?: UpgradeListener;
  /** Told of what a handler or a body stream threw, except refusals below 500. */
  readonly onError?: (error: unknown, request: HttpRequest) => void;
}

/** {@link ServeOptions} with the defaults filled in. */
export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxWaitingBytes: number;
}

/** Of one server, and of all of a process together. */
export function usualMaxConnections(): number {
  return Math.min(16_384, Math.floor(descriptorLimit() * 0.75));
}

export function limitsOf(options: ServeOptions): Limits {
  return {
    maxBodyBytes: options.maxBodyBytes ?? 10 * 1024 * 1024,
    maxHeaderBytes: options.maxHeaderBytes ?? 32 * 1024,
    headersTimeoutMs: options.headersTimeoutMs ?? 20_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 300_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 95_000,
    maxConnections: options.maxConnections ?? usualMaxConnections(),
    maxWaitingBytes: options.maxWaitingBytes ?? 256 * 1024 * 1024,
  };
}
