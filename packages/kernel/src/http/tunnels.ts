/**
 * Connections that have become another protocol's, and so are never idle: they get half of those that a server may have, so that
 * requests always find the other half. When all are taken, whoever has most gives way to those who have fewer.
 */
import type { Duplex } from 'node:stream';

export class Tunnels {
  readonly #max: number;
  /** By source, the longest open first. */
  readonly #bySource = new Map<string, Set<Duplex>>();
  #size = 0;

  constructor(maxConnections: number) {
    this.#max = Math.max(1, Math.floor(maxConnections / 2));
  }

  /** @returns false when its source has as many as anybody, and there are no more. */
  take(socket: Duplex, source: string): boolean {
    if (this.#size >= this.#max && !this.#makeRoom(source)) return false;
    const own = this.#bySource.get(source) ?? new Set();
    this.#bySource.set(source, own.add(socket));
    this.#size += 1;
    socket.once('close', () => this.#forget(socket, source));
    return true;
  }

  #makeRoom(source: string): boolean {
    const own = this.#bySource.get(source)?.size ?? 0;
    let most: readonly [string, Set<Duplex>] | null = null;
    for (const entry of this.#bySource) if (most === null || entry[1].size > most[1].size) most = entry;
    if (most === null || most[1].size <= own + 1) return false;
    const [oldest] = most[1];
    this.#forget(oldest!, most[0]);
    oldest!.destroy();
    return true;
  }

  #forget(socket: Duplex, source: string): void {
    const those = this.#bySource.get(source);
    if (!those?.delete(socket)) return;
    this.#size -= 1;
    if (those.size === 0) this.#bySource.delete(source);
  }
}
