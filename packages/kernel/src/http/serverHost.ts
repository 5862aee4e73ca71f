import type { BlockList, Socket } from 'node:net';
import type { BodyMemory } from './bodyMemory.ts';
import type { Limits } from './options.ts';
import type { Handler, HttpRequest, HttpResponse } from './types.ts';

/** Statuses of requests that are refused before a handler sees them. */
export type RefusedStatus = 400 | 405 | 408 | 413 | 431 | 500 | 503;

/** What a connection, in whichever lane, may ask of the server it belongs to. */
export interface ServerHost {
  readonly handler: Handler;
  readonly limits: Limits;
  /** What bodies may hold together. */
  readonly bodies: BodyMemory;
  /** Targets may lack their first slash. */
  readonly rootlessTargets: boolean;
  /** Networks whose forwarding headers count; null when none do. */
  readonly trusted: BlockList | null;
  /** The server is closing: every response says `Connection: close`. */
  readonly draining: boolean;
  /** Monotonic milliseconds. */
  now(): number;
  /** A request begins and ends: what a drain waits for. */
  begin(socket: Socket): void;
  end(socket: Socket): void;
  /** Reports an error and gives the response for it. */
  failed(error: unknown, request: HttpRequest): HttpResponse;
  report(error: unknown, request: HttpRequest): void;
  /** Answers a connection whose request can't be read, and closes it. */
  refuse(socket: Socket, status: RefusedStatus): void;
  /** A response has been handed to the socket, which has not taken all of it at once. */
  wrote(socket: Socket): void;
  /** Gives a socket to node:http with the bytes that it hasn't seen; `ended` when the client's side is already closed. */
  handOver(socket: Socket, unread: Buffer, ended: boolean): void;
  /** The connection is no longer the fast lane's. */
  forget(connection: { readonly socket: Socket }): void;
}
