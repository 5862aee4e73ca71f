/**
 * The requests of one connection that node:http has parsed, which it does as fast as they arrive. Here they take turns: one is
 * answered at a time, and beyond a few the connection is not read until some have been.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NodeRequest } from './request.ts';

/** Beyond it the connection is not read. What has been read of it already, 64 KiB at most, is parsed all the same. */
const MAX_PARSED = 16;
/** Answers of one connection in one turn of the event loop. */
const AT_ONCE = 16;

/**
 * How node:http itself holds a connection whose answers are not read: without its mark, whoever reads a body would have the
 * connection read again, and its parser is stopped when it has done what it has.
 */
type Parsed = Socket & { _paused?: boolean; readonly parser?: { resume(): void } | null };

const pipelines = new WeakMap<Socket, Pipeline>();

export class Pipeline {
  readonly #socket: Parsed;
  /** With what is to be done when the client has closed its side. */
  readonly #requests = new Map<NodeRequest, () => void>();
  #last: ServerResponse | null = null;
  #waited = 0;

  private constructor(socket: Socket) {
    this.#socket = socket as Parsed;
    // One listener, however many requests there are.
    socket.on('end', () => {
      for (const half of this.#requests.values()) half();
    });
  }

  static of(socket: Socket): Pipeline {
    let pipeline = pipelines.get(socket);
    if (pipeline === undefined) {
      pipeline = new Pipeline(socket);
      pipelines.set(socket, pipeline);
    }
    return pipeline;
  }

  /** @param half called when the client closes its side while the request is here */
  enter(request: NodeRequest, half: () => void): void {
    this.#requests.set(request, half);
    if (this.#requests.size > MAX_PARSED) this.#hold();
  }

  leave(request: NodeRequest): void {
    this.#requests.delete(request);
    if (!this.#socket._paused || this.#requests.size > MAX_PARSED / 2) return;
    this.#socket._paused = false;
    this.#socket.parser?.resume();
    this.#socket.resume();
  }

  /** Has the connection read, which may have been paused when it came, unless enough of it waits. */
  goOn(): void {
    if (this.#socket.isPaused() && !this.#socket._paused) this.#socket.resume();
  }

  /**
   * Waits until the answers of all before it have left, and after some until others have had their turn; null where there is
   * nothing to wait for. `reply` is what those after it wait for.
   */
  turn(reply: ServerResponse | null): Promise<void> | null {
    const previous = this.#last;
    if (reply !== null) this.#last = reply;
    if (previous === null || previous.writableFinished || previous.destroyed) return null;
    const isLong = ++this.#waited % AT_ONCE === 0;
    return new Promise(resolve =>
      previous.once('close', () => {
        if (isLong) setImmediate(resolve);
        else resolve();
      }),
    );
  }

  #hold(): void {
    this.#socket._paused = true;
    this.#socket.pause();
    // A stream that has just given something out reads on once more by itself.
    queueMicrotask(() => {
      if (this.#socket._paused) this.#socket.emit('pause');
    });
  }

  /** Fails those that haven't arrived whole, since nothing readable follows. */
  breakOff(status: number): void {
    for (const request of this.#requests.keys()) request.breakOff(status);
  }
}
