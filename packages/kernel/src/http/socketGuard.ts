import type { Socket } from 'node:net';
import { usualMaxConnections } from './options.ts';
import { sourceOf } from './source.ts';

interface Watched {
  /** Bytes that went either way, when last looked at. */
  moved: number;
  since: number;
  /** Requests in work. */
  work: number;
  /** When the client was first seen to have closed its side. */
  endedAt: number;
  source: string | undefined;
}

/** How long a connection whose client has closed its side may stay when nothing is left to be answered on it. */
const ENDED_MS = 2000;
/** When all connections are taken, how many idle ones are closed at once, and how often. */
const ROOM = 64;
const ROOM_EVERY_MS = 50;

/** Connections of all servers of this process: its descriptors are theirs together. */
let open = 0;

export interface GuardLimits {
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
}

/**
 * Gives every connection an end: by its client's, or because nothing has moved for the idle time-out while no answer is
 * being made. Each lane ends its connections itself; this holds for whatever state they are in, node:http's odd ones
 * included. And it makes room among idle connections when all are taken, of the source that holds most.
 * Times are monotonic milliseconds.
 */
export class SocketGuard {
  readonly sockets = new Map<Socket, Watched>();
  readonly #limits: GuardLimits;
  /** Fails the requests of a connection whose bodies don't arrive. */
  readonly #breakOff: (socket: Socket) => void;
  readonly #maxOpen = usualMaxConnections();
  #madeRoomAt = Number.NEGATIVE_INFINITY;

  constructor(limits: GuardLimits, breakOff: (socket: Socket) => void) {
    this.#limits = limits;
    this.#breakOff = breakOff;
  }

  /** @returns false when there is no room for it. */
  add(socket: Socket, now: number): boolean {
    const { size } = this.sockets;
    const isFull = size >= this.#limits.maxConnections || open >= this.#maxOpen;
    if (isFull && !this.#makeRoom(now)) return false;
    // Asked for while few are there, so that it is known when many are: it costs a system call.
    const source = size * 4 > this.#limits.maxConnections ? sourceOf(socket.remoteAddress ?? '') : undefined;
    open += 1;
    this.sockets.set(socket, { moved: 0, since: now, work: 0, endedAt: Number.POSITIVE_INFINITY, source });
    return true;
  }

  /** The connection is closed, or another protocol's from now on. */
  forget(socket: Socket): void {
    if (this.sockets.delete(socket)) open -= 1;
  }

  /** A request begins, or (-1) ends. */
  work(socket: Socket, change: 1 | -1): void {
    const watched = this.sockets.get(socket);
    if (watched) watched.work += change;
  }

  /** To be called about once a second. */
  sweep(now: number): void {
    for (const [socket, watched] of this.sockets) {
      const moved = socket.bytesRead + socket.bytesWritten;
      if (moved !== watched.moved) {
        watched.moved = moved;
        watched.since = now;
      }
      if (socket.readableEnded) watched.endedAt = Math.min(watched.endedAt, now);
      const quietMs = now - watched.since;
      if (watched.work > 0) {
        if (quietMs > this.#limits.idleTimeoutMs) this.#breakOff(socket);
      } else if (quietMs > this.#limits.idleTimeoutMs * 2) {
        // Twice, since the lanes end what is idle after once, and let it have its answer.
        socket.destroy();
      } else if (now - watched.endedAt > ENDED_MS && socket.writableLength === 0) {
        socket.destroy();
      }
    }
  }

  /** Closes the idle connections of the source that has most, the longest quiet first. */
  #makeRoom(now: number): boolean {
    if (now - this.#madeRoomAt < ROOM_EVERY_MS) return false;
    this.#madeRoomAt = now;
    const idle = new Map<string, [Socket, Watched][]>();
    for (const entry of this.sockets) {
      const [socket, watched] = entry;
      if (watched.work > 0) continue;
      watched.source ??= sourceOf(socket.remoteAddress ?? '');
      const others = idle.get(watched.source);
      if (others) others.push(entry);
      else idle.set(watched.source, [entry]);
    }
    const [most = []] = [...idle.values()].sort((a, b) => b.length - a.length);
    most.sort(([, a], [, b]) => a.since - b.since);
    for (const [socket] of most.slice(0, ROOM)) {
      this.forget(socket);
      socket.destroy();
    }
    return most.length > 0;
  }
}
