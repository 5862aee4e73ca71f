import type { Socket } from 'node:net';

/** What every answer begins with, whatever it will be. */
const BEGINNING = 'HTTP/1.1 ';
const SECOND_MS = 100;

/**
 * Finds out whether a client that closed its side of the connection has left or waits for its answer: TCP doesn't tell.
 * It sends the answer's first bytes, one at a time and ever more rarely. A client that waits reads them as the beginning of
 * its answer; the system of one that left resets the connection, which closes the socket.
 */
export class PeerProbe {
  readonly #socket: Socket;
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#send(SECOND_MS);
  }

  /** Ends the probing. @returns how many bytes of the answer have left already. */
  stop(): number {
    clearTimeout(this.#timer);
    return this.#sent;
  }

  #send(waitMs: number): void {
    if (this.#socket.destroyed || this.#sent === BEGINNING.length) return;
    this.#socket.write(BEGINNING[this.#sent]!, 'latin1');
    this.#sent++;
    this.#timer = setTimeout(() => this.#send(waitMs * 2), waitMs);
    this.#timer.unref();
  }
}
