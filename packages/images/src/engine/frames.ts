/** Messages over the socket between a service and its engine: a header, which is any value, and bytes beside it. */
import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

export interface Message<Header> {
  readonly header: Header;
  readonly data: Buffer;
}

const LENGTHS = 8;

/** Writes a message; the bytes are not copied. Resolves when the socket takes more. */
export function sendMessage(socket: Duplex, header: unknown, data: Buffer): Promise<void> {
  const head = serialize(header);
  const lengths = Buffer.alloc(LENGTHS);
  lengths.writeUInt32LE(head.length);
  lengths.writeUInt32LE(data.length, 4);
  socket.cork();
  socket.write(lengths);
  socket.write(head);
  const drained = socket.write(data);
  socket.uncork();
  return drained || socket.destroyed
    ? Promise.resolve()
    : new Promise(resolve => {
        const done = (): void => {
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        socket.once('drain', done).once('close', done);
      });
}

/** A buffer of that many bytes, of no shared pool: C functions read from it while others write elsewhere. */
export type Allocate = (bytes: number) => Buffer;

/** Calls back with each whole message. Each has its bytes in a buffer of its own, which is filled as they come. */
export function onMessages<Header>(
  socket: Duplex,
  handle: (message: Message<Header>) => void,
  allocate: Allocate = Buffer.allocUnsafeSlow,
): void {
  const reader = new MessageReader<Header>(handle, allocate);
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
}

class MessageReader<Header> {
  readonly #handle: (message: Message<Header>) => void;
  #filling: Buffer = Buffer.alloc(LENGTHS);
  #filled = 0;
  #stage: 'lengths' | 'header' | 'data' = 'lengths';
  #dataLength = 0;
  #header: Header | null = null;

  readonly #allocate: Allocate;

  constructor(handle: (message: Message<Header>) => void, allocate: Allocate) {
    this.#handle = handle;
    this.#allocate = allocate;
  }

  push(chunk: Buffer): void {
    let at = 0;
    // A part without bytes is whole at once.
    while (at < chunk.length || this.#filled === this.#filling.length) {
      const taken = chunk.copy(this.#filling, this.#filled, at);
      at += taken;
      this.#filled += taken;
      if (this.#filled < this.#filling.length) return;
      this.#advance();
    }
  }

  #advance(): void {
    const whole = this.#filling;
    if (this.#stage === 'lengths') {
      this.#dataLength = whole.readUInt32LE(4);
      this.#begin('header', whole.readUInt32LE());
    } else if (this.#stage === 'header') {
      this.#header = deserialize(whole) as Header;
      this.#begin('data', this.#dataLength);
    } else {
      const header = this.#header as Header;
      this.#header = null;
      this.#begin('lengths', LENGTHS);
      this.#handle({ header, data: whole });
    }
  }

  #begin(stage: 'lengths' | 'header' | 'data', length: number): void {
    this.#stage = stage;
    this.#filling = this.#allocate(length);
    this.#filled = 0;
  }
}
