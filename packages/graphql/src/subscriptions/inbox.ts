/** Messages of one connection, taken in their order and one at a time: meanwhile no more is read than has come. */
import type { WebSocket } from 'ws';

export class Inbox {
  readonly #socket: Pick<WebSocket, 'pause' | 'resume'>;
  readonly #take: (message: Buffer) => Promise<unknown> | null;
  /** What has come while one is taken; null while none is. */
  #waiting: Buffer[] | null = null;
  #isEnded = false;

  /** @param take does what a message says; null where that is done at once. It never rejects. */
  constructor(
    socket: Pick<WebSocket, 'pause' | 'resume'>,
    take: (message: Buffer) => Promise<unknown> | null,
  ) {
    this.#socket = socket;
    this.#take = take;
  }

  receive(message: Buffer): void {
    if (this.#isEnded) return;
    if (this.#waiting) {
      this.#waiting.push(message);
      return;
    }
    const taking = this.#take(message);
    if (taking) void this.#goOn(taking);
  }

  /** Takes no more. */
  end(): void {
    this.#isEnded = true;
    this.#waiting?.splice(0);
  }

  async #goOn(first: Promise<unknown>): Promise<void> {
    const waiting: Buffer[] = [];
    this.#waiting = waiting;
    this.#socket.pause();
    for (let taking: Promise<unknown> | null = first; ; ) {
      await taking;
      const next = waiting.shift();
      if (next === undefined) break;
      taking = this.#take(next);
    }
    this.#waiting = null;
    this.#socket.resume();
  }
}
