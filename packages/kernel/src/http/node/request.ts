import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientAddress, plainAddress } from '../address.ts';
import { BodyCollector } from '../bodyCollector.ts';
import type { HeldBody } from '../bodyMemory.ts';
import { HttpError, tooLarge } from '../errors.ts';
import type { ServerHost } from '../serverHost.ts';
import { sourceOf } from '../source.ts';
import type { HttpRequest } from '../types.ts';
import { readAbsolute } from './framing.ts';

const BROKEN_OFF: Readonly<Record<number, string>> = {
  400: 'The request body is malformed',
  408: 'The request did not arrive in time',
};

/** {@link HttpRequest} over node:http's message. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HttpRequest['headers'];
  /** The body was refused or never asked for with `100 Continue`: what follows on the connection can't be told. */
  unreadable = false;
  /** Its framing may be read in more than one way: nothing that follows it is a request. */
  ambiguous = false;
  /** Nothing more will come from the client. */
  brokenOff = false;
  readonly #message: IncomingMessage;
  readonly #host: ServerHost;
  readonly #abortListeners: (() => void)[] = [];
  #continueWith: ServerResponse | null;
  #aborted = false;
  #read = false;
  /** Why the rest of the body will not come. */
  #failure: HttpError | null = null;
  #wake = () => {};
  /** The handler is within the body. */
  #reading = false;
  #received = 0;
  /** Bytes that the body has; not a number when the client didn't say. */
  readonly #announced: number;
  #held: HeldBody | null = null;

  /** `continueWith` is set when the client waits for `100 Continue`; it gets it when the handler reads. */
  constructor(message: IncomingMessage, host: ServerHost, continueWith: ServerResponse | null) {
    this.method = message.method ?? 'GET';
    const absolute = readAbsolute(message.url ?? '/');
    this.target = absolute?.target ?? message.url ?? '/';
    const mark = this.target.indexOf('?');
    this.path = mark < 0 ? this.target : this.target.slice(0, mark);
    this.query = mark < 0 ? '' : this.target.slice(mark + 1);
    const headers = flatHeaders(message);
    this.headers = absolute ? { ...headers, host: absolute.host } : headers;
    this.#message = message;
    this.#host = host;
    this.#continueWith = continueWith;
    this.unreadable = continueWith !== null;
    this.#announced = Number(
      this.headers['content-length'] ?? (this.headers['transfer-encoding'] === undefined ? 0 : Number.NaN),
    );
    if (this.#announced > host.limits.maxBodyBytes) this.unreadable = true;
  }

  get rawHeaders(): readonly string[] | undefined {
    const { rawHeaders, headers } = this.#message;
    return rawHeaders.length > Object.keys(headers).length * 2 ? rawHeaders : undefined;
  }

  get remoteAddress(): string {
    const peer = plainAddress(this.#message.socket.remoteAddress ?? '');
    const { trusted } = this.#host;
    return trusted === null ? peer : clientAddress(peer, this.headers['x-forwarded-for'], trusted);
  }

  async body(maxBytes: number = this.#host.limits.maxBodyBytes): Promise<Buffer> {
    const { bodies } = this.#host;
    const limit = Math.min(maxBytes, bodies.maxBytes);
    const collector = new BodyCollector(this.#announced <= limit ? this.#announced : 0);
    const held = this.#hold();
    for await (const chunk of this.#chunks(limit)) {
      try {
        bodies.grow(held, chunk.length, this.#host.now());
      } catch (error) {
        this.unreadable = true;
        throw error;
      }
      collector.add(chunk);
    }
    bodies.complete(held);
    return collector.finish();
  }

  hold(bytes: number): void {
    this.#host.bodies.grow(this.#hold(), bytes, this.#host.now());
  }

  #hold(): HeldBody {
    this.#held ??= this.#host.bodies.open(sourceOf(this.remoteAddress), this.#fail, this.#host.now());
    return this.#held;
  }

  stream(): AsyncIterable<Buffer> {
    return this.#chunks(this.#host.limits.maxBodyBytes);
  }

  onAborted(listener: () => void): void {
    if (this.#aborted) listener();
    else this.#abortListeners.push(listener);
  }

  /** The client is gone; tells those who asked, once. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const listener of this.#abortListeners) {
      try {
        listener();
      } catch (error) {
        this.#host.report(error, this);
      }
    }
  }

  /** The rest of the request can't be read: fails whoever waits for its body. Does nothing when it has all arrived. */
  breakOff(status: number): void {
    if (this.#message.complete) return;
    this.brokenOff = true;
    this.#fail(new HttpError(status, BROKEN_OFF[status] ?? 'The request can not be read'));
  }

  /**
   * An answer given now leaves more of the body unread than is worth waiting for: the connection ends with it. While the
   * handler still reads, as one does that answers in a stream, the end of the answer decides.
   */
  get leavesBody(): boolean {
    if (this.ambiguous) return true;
    if (this.#message.complete) return false;
    if (this.unreadable) return true;
    return !this.#reading && !(this.#announced - this.#received <= MAX_REST_BYTES);
  }

  /** The request is answered: its body is no longer held. */
  release(): void {
    if (this.#held !== null) this.#host.bodies.release(this.#held);
  }

  readonly #fail = (failure: HttpError): void => {
    this.unreadable = true;
    this.#failure = failure;
    this.#wake();
  };

  async *#chunks(maxBytes: number): AsyncGenerator<Buffer> {
    if (this.#read) throw new Error('The request body was already read');
    this.#read = true;
    if (this.#announced > maxBytes) {
      this.unreadable = true;
      throw tooLarge(maxBytes);
    }
    if (this.#continueWith !== null) {
      // Who has closed its side sends no more than it has, and may have been sent the beginning of its answer.
      if (!this.#message.socket.readableEnded) this.#continueWith.writeContinue();
      this.#continueWith = null;
      this.unreadable = false;
    }
    const message = this.#message;
    const wake = () => this.#wake();
    for (const event of READING_EVENTS) message.on(event, wake);
    this.#reading = true;
    try {
      for (;;) {
        if (this.#failure !== null) throw this.#failure;
        // All that has come in one piece, so that a body in single bytes costs no more than another.
        const chunk = message.read() as Buffer | null;
        if (chunk === null) {
          if (message.readableEnded) return;
          if (message.destroyed) throw new HttpError(400, 'The client broke off the request');
          await new Promise<void>(resolve => {
            this.#wake = resolve;
          });
          continue;
        }
        this.#received += chunk.length;
        if (this.#received > maxBytes) {
          this.unreadable = true;
          throw tooLarge(maxBytes);
        }
        yield chunk;
      }
    } finally {
      this.#reading = false;
      for (const event of READING_EVENTS) message.off(event, wake);
    }
  }
}

/** An unread rest of a body up to this size is waited for, so that its connection may be kept. */
const MAX_REST_BYTES = 64 * 1024;
const READING_EVENTS = ['readable', 'end', 'error', 'close'];

/** node:http's joined headers; its one list-valued field (`set-cookie`, senseless in a request) joined too. */
function flatHeaders(message: IncomingMessage): HttpRequest['headers'] {
  const { headers } = message;
  const cookies = headers['set-cookie'];
  return cookies === undefined
    ? (headers as Record<string, string | undefined>)
    : { ...(headers as Record<string, string | undefined>), 'set-cookie': cookies.join(', ') };
}
