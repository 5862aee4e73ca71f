/**
 * One connection in the fast lane: buffers until a plain request is complete, answers it in one write,
 * and gives the socket away, unread bytes included, as soon as anything isn't plain.
 */
import type { Socket } from 'node:net';
import { clientAddress, plainAddress } from '../address.ts';
import type { Lane } from '../lane.ts';
import { tooLarge } from '../limits.ts';
import type { HttpRequest, HttpResponse } from '../types.ts';
import { type HeaderBlock, type LastBlock, parseFast } from './parse.ts';
import { writeResponse } from './write.ts';

/** Larger requests are node:http's: they gain nothing here. */
const MAX_FAST_HEAD_BYTES = 8 * 1024;
const MAX_FAST_BODY_BYTES = 64 * 1024;
/** A request in more pieces than this is somebody's slow or hostile client. */
const MAX_PIECES = 16;
/** Pipelined bytes kept while a request is in work; beyond it the socket isn't read. */
const MAX_AHEAD_BYTES = 64 * 1024;

class FastRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HttpRequest['headers'];
  readonly #connection: FastConnection;
  readonly #body: Buffer;
  #read = false;

  constructor(
    method: string,
    target: string,
    headers: HttpRequest['headers'],
    body: Buffer,
    connection: FastConnection,
  ) {
    this.method = method;
    this.target = target;
    const mark = target.indexOf('?');
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? '' : target.slice(mark + 1);
    this.headers = headers;
    this.#body = body;
    this.#connection = connection;
  }

  get remoteAddress(): string {
    return this.#connection.clientAddress(this.headers['x-forwarded-for']);
  }

  async body(maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
    this.#take();
    if (this.#body.length > maxBytes) throw tooLarge(maxBytes);
    return this.#body;
  }

  async *stream(): AsyncIterable<Buffer> {
    this.#take();
    if (this.#body.length > 0) yield this.#body;
  }

  onAborted(listener: () => void): void {
    this.#connection.onAborted(this, listener);
  }

  #take(): void {
    if (this.#read) throw new Error('The request body was already read');
    this.#read = true;
  }
}

const NO_BODY = Buffer.alloc(0);
const NOTHING_YET: HeaderBlock = { headers: {}, contentLength: 0, close: false };

export class FastConnection {
  readonly socket: Socket;
  readonly #lane: Lane;
  readonly #last: LastBlock = { text: '\0', block: NOTHING_YET };
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes below which looking at the pieces again is pointless. */
  #need = 0;
  #current: FastRequest | null = null;
  #abortListeners: (() => void)[] = [];
  /** At least one request was served: from then on waiting is being idle. */
  #used = false;
  #ended = false;
  #closing = false;
  #peer: string | undefined;
  /** When the present state began: idle, or the first byte of a request that isn't complete. */
  #since: number;

  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);
  readonly #onEnd = (): void => this.#receiveEnd();
  readonly #onClose = (): void => this.#closed();
  readonly #onError = (): void => {
    // The peer reset the connection; 'close' follows and does what is to be done.
  };

  constructor(socket: Socket, lane: Lane, now: number) {
    this.socket = socket;
    this.#lane = lane;
    this.#since = now;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
  }

  get busy(): boolean {
    return this.#current !== null;
  }

  clientAddress(forwardedFor: string | undefined): string {
    this.#peer ??= plainAddress(this.socket.remoteAddress ?? '');
    const { trusted } = this.#lane;
    return trusted === null ? this.#peer : clientAddress(this.#peer, forwardedFor, trusted);
  }

  onAborted(request: FastRequest, listener: () => void): void {
    if (this.#current !== request) return;
    if (this.#ended || this.socket.destroyed) listener();
    else this.#abortListeners.push(listener);
  }

  /** Ends the connection at once when idle, after the response in work otherwise. */
  close(): void {
    this.#closing = true;
    if (this.#current === null && this.#bytes === 0) this.socket.end();
  }

  /** Called once a second: enforces what the limits say about time. */
  sweep(now: number): void {
    if (this.#current !== null) return;
    const { limits } = this.#lane;
    const age = now - this.#since;
    if (this.#bytes === 0 && this.#used) {
      if (age > limits.idleTimeoutMs) this.socket.destroy();
    } else if (age > (this.#need > 0 ? limits.requestTimeoutMs : limits.headersTimeoutMs)) {
      this.#lane.refuse(this.socket, 408);
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#bytes === 0) this.#since = this.#lane.now();
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#current !== null) {
      if (this.#bytes > MAX_AHEAD_BYTES) this.socket.pause();
      return;
    }
    if (this.#bytes >= this.#need) this.#serve();
  }

  /** Serves every complete request at hand, until one is left in work or the bytes run out. */
  #serve(): void {
    let input = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#bytes);
    let offset = 0;
    while (offset < input.length && this.#current === null && !this.socket.writableEnded) {
      const maxBody = Math.min(MAX_FAST_BODY_BYTES, this.#lane.limits.maxBodyBytes);
      const maxHead = Math.min(MAX_FAST_HEAD_BYTES, this.#lane.limits.maxHeaderBytes);
      const parsed = parseFast(input, offset, maxHead, maxBody, this.#last);
      if (parsed.kind === 'request') {
        const body = parsed.end === parsed.bodyStart ? NO_BODY : input.subarray(parsed.bodyStart, parsed.end);
        offset = parsed.end;
        this.#need = 0;
        this.#used = true;
        this.#dispatch(parsed.method, parsed.target, parsed.block, body);
        continue;
      }
      input = offset === 0 ? input : input.subarray(offset);
      if (parsed.kind === 'handover' || this.#pieces.length > MAX_PIECES) {
        this.#handOver(input);
        return;
      }
      this.#need = parsed.need;
      // Earlier requests in these bytes are done: the unfinished one's clock starts now.
      if (offset > 0) this.#since = this.#lane.now();
      offset = 0;
      break;
    }
    this.#keep(offset === 0 ? input : input.subarray(offset), offset);
  }

  #keep(rest: Buffer, served: number): void {
    if (rest.length === 0) {
      this.#pieces = [];
      this.#bytes = 0;
      this.#since = this.#lane.now();
      return;
    }
    // While a request trickles in, its pieces stay apart: joining them each time would cost their square.
    if (served > 0 || this.#pieces.length === 1 || this.#current !== null) this.#pieces = [rest];
    this.#bytes = rest.length;
  }

  #dispatch(method: string, target: string, block: HeaderBlock, body: Buffer): void {
    const request = new FastRequest(method, target, block.headers, body, this);
    if (block.close) this.#closing = true;
    this.#current = request;
    this.#lane.begin();
    let response: HttpResponse | Promise<HttpResponse>;
    try {
      response = this.#lane.handler(request);
    } catch (error) {
      response = this.#lane.failed(error, request);
    }
    if (response instanceof Promise) {
      response
        .catch((error: unknown) => this.#lane.failed(error, request))
        .then(settled => {
          if (this.#write(request, settled)) this.#next();
        });
    } else {
      this.#write(request, response);
    }
  }

  /** @returns false when the response is a stream that goes on. */
  #write(request: FastRequest, response: HttpResponse): boolean {
    const closing = this.#closing || this.#lane.draining;
    const outcome = writeResponse(this.socket, this.#lane, request, response, closing);
    if (typeof outcome === 'boolean') {
      this.#finish(outcome);
      return true;
    }
    outcome.then(close => {
      this.#finish(close);
      this.#next();
    });
    return false;
  }

  #finish(close: boolean): void {
    this.#current = null;
    this.#abortListeners = [];
    this.#lane.end();
    this.#since = this.#lane.now();
    if (close) this.socket.end();
  }

  #next(): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    if (this.#bytes > 0) this.#serve();
    if (this.#current === null && this.socket.isPaused()) this.socket.resume();
    if (this.#ended && this.#current === null) this.socket.end();
  }

  #receiveEnd(): void {
    this.#ended = true;
    if (this.#current === null) this.socket.end();
    else this.#abort();
  }

  #abort(): void {
    const listeners = this.#abortListeners;
    this.#abortListeners = [];
    for (const listener of listeners) listener();
  }

  #closed(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#abort();
    this.#lane.forget(this);
  }

  /** From here on the connection is node:http's, as if it had just arrived with `unread` as its first bytes. */
  #handOver(unread: Buffer): void {
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    this.#pieces = [];
    this.#bytes = 0;
    this.#lane.forget(this);
    this.#lane.handOver(socket, unread, this.#ended);
  }
}
