import type { Socket } from 'node:net';

/** Cuts connections whose client stopped reading its response. */
export class StalledWriters {
  readonly #limitMs: number;
  readonly #seen = new WeakMap<Socket, { sent: number; since: number }>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Looks at every socket that has bytes waiting; to be called regularly with a monotonic `now`. */
  sweep(sockets: Iterable<Socket>, now: number): void {
    for (const socket of sockets) {
      if (socket.writableLength === 0) {
        this.#seen.delete(socket);
        continue;
      }
      // bytesWritten counts what is queued too; the difference is what the kernel took.
      const sent = socket.bytesWritten - socket.writableLength;
      const last = this.#seen.get(socket);
      if (last === undefined || last.sent !== sent) this.#seen.set(socket, { sent, since: now });
      else if (now - last.since > this.#limitMs) socket.destroy();
    }
  }
}
