import type { Socket } from 'node:net';
import { sourceOf } from './source.ts';

/** Bytes left to libuv shrink as the client reads, while the stream counts a buffer until all of it has gone. */
type WithQueue = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

interface Reader {
  readonly source: string;
  /** When it was first waited for. */
  readonly began: number;
  /** Grows by what the client took. */
  mark: number;
  /** When it last took something. */
  since: number;
  /** Bytes that wait for it. */
  waiting: number;
}

/** A client that took nothing for so long is cut when memory is wanted for others. */
const patienceMs = 1000;
/** One that has not taken the whole of its answer after so long is cut likewise: it may be honest, but what it holds is others'. */
const hasteMs = 5000;
/** Of the bytes that may wait: past it nobody's haste is waited for. */
const excess = 2;
/** Under pressure every reader is looked at, but not more often than this. */
const lookEveryMs = 50;

/**
 * Bounds what waits for clients that don't read their responses: in time, each by itself, and in bytes, all together. Nobody
 * is refused for what waits for others: over the bound those who took nothing lately are cut, then, of the source that holds
 * most, whoever holds most and has had its time. One alone is left as long as it reads.
 *
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
      const source = sourceOf(socket.remoteAddress ?? '');
      this.#readers.set(socket, { source, began: now, mark, since: now, waiting });
      this.#total += waiting;
      return;
    }
    if (mark > reader.mark) reader.since = now;
    reader.mark = mark;
    this.#total += waiting - reader.waiting;
    reader.waiting = waiting;
  }

  #relieve(now: number): void {
    if (now - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now;
    for (const socket of [...this.#readers.keys()]) this.#look(socket, now);
    const stalled = [...this.#readers]
      .filter(([, { since }]) => now - since >= patienceMs)
      .sort(([, a], [, b]) => a.since - b.since);
    for (const [socket] of stalled) {
      if (this.#total <= this.#maxBytes) return;
      this.#cut(socket);
    }
    while (this.#total > this.#maxBytes && this.#readers.size > 1) {
      const all = this.#total > excess * this.#maxBytes;
      const heaviest = this.#heaviest(({ began }) => all || now - began >= hasteMs);
      if (heaviest === null) return;
      this.#cut(heaviest);
    }
  }

  /** Of the source for which most waits among those, the one for which most does. */
  #heaviest(among: (reader: Reader) => boolean): Socket | null {
    const those = [...this.#readers].filter(([, reader]) => among(reader));
    const sums = new Map<string, number>();
    for (const [, { source, waiting }] of those) sums.set(source, (sums.get(source) ?? 0) + waiting);
    const weight = ([, { source }]: (typeof those)[number]): number => sums.get(source)!;
    those.sort((a, b) => weight(b) - weight(a) || b[1].waiting - a[1].waiting);
    return those[0]?.[0] ?? null;
  }

  #cut(socket: Socket): void {
    this.forget(socket);
    socket.destroy();
  }
}
