import type { Socket } from 'node:net';

/** Bytes left to libuv shrink as the client reads, while the stream counts a buffer until all of it has gone. */
type WithQueue = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

interface Reader {
  /** Grows by what the client took. */
  mark: number;
  /** When it last took something. */
  since: number;
  /** Bytes that wait for it. */
  waiting: number;
}

/** A client that took nothing for so long is cut when memory is wanted for others. */
const patienceMs = 1000;
/** Under pressure every reader is looked at, but not more often than this. */
const lookEveryMs = 50;

/**
 * Bounds what waits for clients that don't read their responses: in time, each by itself, and in bytes, all together.
 * Times are monotonic milliseconds.
 */
export class StalledWriters {
  readonly #limitMs: number;
  readonly #maxBytes: number;
  readonly #readers = new Map<Socket, Reader>();
  #total = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(limitMs: number, maxBytes: number) {
    this.#limitMs = limitMs;
    this.#maxBytes = maxBytes;
  }

  /** A response was written that the kernel didn't take at once. May cut those who have been stalled longest. */
  wrote(socket: Socket, now: number = performance.now()): void {
    this.#look(socket, now);
    if (this.#total > this.#maxBytes) this.#relieve(now);
  }

  /** More waits than may, although nobody is left who could be cut: begin nothing new. */
  get isFull(): boolean {
    // The time is asked for only under pressure: every request comes by here.
    if (this.#total <= this.#maxBytes) return false;
    this.#relieve(performance.now());
    return this.#total > this.#maxBytes;
  }

  /** Looks at every socket that has bytes waiting; to be called regularly. */
  sweep(sockets: Iterable<Socket>, now: number): void {
    for (const socket of sockets) {
      this.#look(socket, now);
      const reader = this.#readers.get(socket);
      if (reader && now - reader.since > this.#limitMs) this.#cut(socket);
    }
    if (this.#total > this.#maxBytes) this.#relieve(now);
  }

  /** The connection is closed. */
  forget(socket: Socket): void {
    const reader = this.#readers.get(socket);
    if (!reader) return;
    this.#total -= reader.waiting;
    this.#readers.delete(socket);
  }

  #look(socket: Socket, now: number): void {
    const waiting = socket.writableLength;
    if (waiting === 0 || socket.destroyed) {
      this.forget(socket);
      return;
    }
    // bytesWritten counts what is queued too; the difference is what the stream is done with.
    const mark = socket.bytesWritten - waiting - ((socket as WithQueue)._handle?.writeQueueSize ?? 0);
    const reader = this.#readers.get(socket);
    if (!reader) {
      this.#readers.set(socket, { mark, since: now, waiting });
      this.#total += waiting;
      return;
    }
    if (mark > reader.mark) reader.since = now;
    reader.mark = mark;
    this.#total += waiting - reader.waiting;
    reader.waiting = waiting;
  }

  /** Cuts stalled readers, the longest stalled first, until what waits is within its bound or none is left. */
  #relieve(now: number): void {
    if (now - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now;
    for (const socket of [...this.#readers.keys()]) this.#look(socket, now);
    if (this.#total <= this.#maxBytes) return;
    const stalled = [...this.#readers]
      .filter(([, { since }]) => now - since >= patienceMs)
      .sort(([, a], [, b]) => a.since - b.since);
    for (const [socket] of stalled) {
      if (this.#total <= this.#maxBytes) return;
      this.#cut(socket);
    }
  }

  #cut(socket: Socket): void {
    this.forget(socket);
    socket.destroy();
  }
}
