/**
 * One connection in the fast lane: buffers until a plain request is complete, answers it in one write,
 * and gives the socket away, unread bytes included, as soon as anything isn't plain.
 */
import type { Socket } from 'node:net';
import { clientAddress, plainAddress } from '../address.ts';
import type { HeldBody } from '../bodyMemory.ts';
import { tooLarge } from '../errors.ts';
import { PeerProbe } from '../peerProbe.ts';
import type { ServerHost } from '../serverHost.ts';
import { sourceOf } from '../source.ts';
import type { HttpRequest, HttpResponse } from '../types.ts';
import { type HeaderBlock, type LastBlock, parseFast, withAsciiTarget } from './parse.ts';
import { writeResponse } from './write.ts';

/** Larger requests are node:http's: they gain nothing here. */
const MAX_FAST_HEAD_BYTES = 8 * 1024;
const MAX_FAST_BODY_BYTES = 64 * 1024;
/** Smaller bodies aren't counted: all connections' together are little. */
const MIN_COUNTED_BYTES = 4 * 1024;
/** More pieces than this are joined: a client that sends single bytes must not make us keep an object for each. */
const MAX_PIECES = 16;
/** A header block unfinished after so many looks is somebody's slow or hostile client: node:http's. */
const MAX_LOOKS = 16;
/** How long a client may take to close a connection that we have ended. */
const LINGER_MS = 2000;
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

  hold(bytes: number): void {
    this.#connection.hold(this, bytes);
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
  readonly #host: ServerHost;
  readonly #last: LastBlock = { text: '\0', block: NOTHING_YET };
  /** Bytes received and not yet served, in the pieces in which they came. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes below which looking at the pieces again is pointless. */
  #need = 0;
  /** How often an unfinished header block was looked at. */
  #looks = 0;
  #current: FastRequest | null = null;
  /** The body that is arriving, or of the request in work, when it is large enough to be counted. */
  #held: HeldBody | null = null;
  #abortListeners: (() => void)[] = [];
  /** At least one request was served: from then on waiting is being idle. */
  #used = false;
  #ended = false;
  /** The socket is node:http's. */
  #isGivenAway = false;
  #probe: PeerProbe | null = null;
  /** The answer in work has begun to be sent. */
  #answering = false;
  #closing = false;
  #peer: string | undefined;
  /** When the present state began: idle, or the first byte of a request that isn't complete. */
  #since: number;

  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);
  readonly #onDrain = (): void => this.#next();
  readonly #onEnd = (): void => this.#receiveEnd();
  readonly #onClose = (): void => this.#closed();
  readonly #onError = (): void => {
    // The peer reset the connection; 'close' follows and does what is to be done.
  };

  constructor(socket: Socket, host: ServerHost, now: number) {
    this.socket = socket;
    this.#host = host;
    this.#since = now;
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
  }

  clientAddress(forwardedFor: string | undefined): string {
    this.#peer ??= plainAddress(this.socket.remoteAddress ?? '');
    const { trusted } = this.#host;
    return trusted === null ? this.#peer : clientAddress(this.#peer, forwardedFor, trusted);
  }

  /** @throws {HttpError} 503 */
  hold(request: FastRequest, bytes: number): void {
    if (this.#current === request) this.#hold((this.#held?.bytes ?? 0) + bytes, false);
  }

  onAborted(request: FastRequest, listener: () => void): void {
    if (this.#current !== request) return;
    if (this.socket.destroyed) listener();
    else this.#abortListeners.push(listener);
  }

  /**
   * Ends the connection at once when idle, after the response in work otherwise, and after the first one
   * when it hasn't had any: its client has just connected in order to ask.
   */
  close(): void {
    this.#closing = true;
    if (this.#used && this.#current === null && this.#bytes === 0) this.socket.end();
  }

  /** Called about once a second: enforces what the limits say about time. */
  sweep(now: number): void {
    if (this.#occupied) return;
    const { limits } = this.#host;
    const age = now - this.#since;
    if (this.socket.writableEnded) {
      if (age > LINGER_MS) this.socket.destroy();
    } else if (this.#bytes === 0 && this.#used) {
      if (age > limits.idleTimeoutMs) this.socket.destroy();
    } else if (age > (this.#need > 0 ? limits.requestTimeoutMs : limits.headersTimeoutMs)) {
      this.#host.refuse(this.socket, 408);
    }
  }

  /** No further request may be begun: one is in work, or the client doesn't read what it was sent. */
  get #occupied(): boolean {
    return this.#current !== null || this.socket.writableNeedDrain;
  }

  #receive(chunk: Buffer): void {
    // After the last response whatever comes is thrown away, so that the client gets to read it before the connection closes.
    if (this.socket.writableEnded) return;
    if (this.#bytes === 0) this.#since = this.#host.now();
    if (this.#pieces.length >= MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces, this.#bytes)];
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#occupied) {
      if (this.#bytes > MAX_AHEAD_BYTES) this.socket.pause();
      return;
    }
    if (this.#bytes >= this.#need) this.#serve();
    else if (this.#held !== null) this.#awaitBody();
  }

  /** Counts the part of a body that has come; refuses the request when it finds no memory. */
  #awaitBody(): void {
    try {
      this.#hold(this.#bytes, true);
    } catch {
      // The only failure is that bodies take all the memory they may; the client is told so.
      this.#host.refuse(this.socket, 503);
    }
  }

  /** @throws {HttpError} 503 */
  #hold(bytes: number, arriving: boolean): void {
    const { bodies } = this.#host;
    const now = this.#host.now();
    this.#held ??= bodies.open(
      sourceOf(this.clientAddress(undefined)),
      () => this.#host.refuse(this.socket, 503),
      now,
    );
    if (bytes > this.#held.bytes) bodies.grow(this.#held, bytes - this.#held.bytes, now);
    if (!arriving) bodies.complete(this.#held);
  }

  #letGo(): void {
    if (this.#held === null) return;
    this.#host.bodies.release(this.#held);
    this.#held = null;
  }

  /** Serves every complete request at hand, until one is left in work or the bytes run out. */
  #serve(): void {
    const input = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#bytes);
    const maxBody = Math.min(MAX_FAST_BODY_BYTES, this.#host.limits.maxBodyBytes);
    const maxHead = Math.min(MAX_FAST_HEAD_BYTES, this.#host.limits.maxHeaderBytes);
    let offset = 0;
    this.#need = 0;
    while (offset < input.length && !this.#occupied && !this.socket.writableEnded) {
      const parsed = parseFast(input, offset, maxHead, maxBody, this.#last, this.#host.rootlessTargets);
      if (parsed.kind === 'request') {
        const body = parsed.end === parsed.bodyStart ? NO_BODY : input.subarray(parsed.bodyStart, parsed.end);
        offset = parsed.end;
        this.#used = true;
        this.#looks = 0;
        this.#dispatch(parsed.method, parsed.target, parsed.block, body);
        continue;
      }
      if (parsed.kind === 'handover' || ++this.#looks > MAX_LOOKS) {
        this.#handOver(input.subarray(offset));
        return;
      }
      this.#need = parsed.need;
      break;
    }
    if (offset > 0) this.#since = this.#host.now();
    this.#bytes = this.socket.writableEnded ? 0 : input.length - offset;
    this.#pieces = this.#bytes === 0 ? [] : [input.subarray(offset)];
    if (this.#need > MIN_COUNTED_BYTES) this.#awaitBody();
  }

  #dispatch(method: string, target: string, block: HeaderBlock, body: Buffer): void {
    const request = new FastRequest(method, target, block.headers, body, this);
    if (block.close) this.#closing = true;
    this.#current = request;
    this.#answering = false;
    this.#host.begin(this.socket);
    let response: HttpResponse | Promise<HttpResponse>;
    try {
      if (body.length > MIN_COUNTED_BYTES || this.#held !== null) this.#hold(body.length, false);
      response = this.#host.handler(request);
    } catch (error) {
      response = this.#host.failed(error, request);
    }
    if (response instanceof Promise) {
      this.#lookForPeer();
      response
        .catch((error: unknown) => this.#host.failed(error, request))
        .then(settled => {
          if (this.#write(request, settled)) this.#next();
        })
        .catch((error: unknown) => this.#giveUp(error, request));
    } else {
      try {
        this.#write(request, response);
      } catch (error) {
        this.#giveUp(error, request);
      }
    }
  }

  /** @returns false when the response is a stream that goes on. */
  #write(request: FastRequest, response: HttpResponse): boolean {
    const closing = this.#closing || this.#host.draining;
    const begun = this.#probe?.stop() ?? 0;
    this.#probe = null;
    this.#answering = true;
    const outcome = writeResponse(this.socket, this.#host, request, response, closing, begun);
    if (typeof outcome === 'boolean') {
      this.#finish(outcome);
      return true;
    }
    outcome
      .then(close => {
        this.#finish(close);
        this.#next();
      })
      .catch((error: unknown) => this.#giveUp(error, request));
    return false;
  }

  /** What fails here isn't the handler, whose failures have an answer: the connection's state is unknown, so it ends. */
  #giveUp(error: unknown, request: FastRequest): void {
    this.#host.report(error, request);
    this.socket.destroy();
    // A server that closes waits for requests in work, of which this is none any more.
    if (this.#current === request) this.#finish(false);
  }

  #finish(close: boolean): void {
    this.#current = null;
    this.#abortListeners = [];
    this.#letGo();
    this.#host.end(this.socket);
    this.#since = this.#host.now();
    if (this.socket.writableLength > 0) this.#host.wrote(this.socket);
    if (!close) return;
    this.socket.end();
    // A paused socket would never see that the client has closed too.
    if (this.socket.isPaused()) this.socket.resume();
  }

  /** Goes on after a response, or after the client has read enough of it. */
  #next(): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    if (this.#bytes > 0 && !this.#occupied) this.#serve();
    if (this.#occupied || this.#isGivenAway) return;
    if (this.socket.isPaused()) this.socket.resume();
    if (this.#ended) this.socket.end();
  }

  #receiveEnd(): void {
    this.#ended = true;
    if (this.#current !== null) this.#lookForPeer();
    else if (this.#bytes === 0 || !this.socket.writableNeedDrain) this.socket.end();
  }

  /** A client that closed its side has left, or waits for its answer. */
  #lookForPeer(): void {
    if (this.#ended && !this.#answering) this.#probe ??= new PeerProbe(this.socket);
  }

  #abort(): void {
    const listeners = this.#abortListeners;
    this.#abortListeners = [];
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        if (this.#current !== null) this.#host.report(error, this.#current);
      }
    }
  }

  #closed(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#probe?.stop();
    // A request in work still has its body; it lets go of it when it ends.
    if (this.#current === null) this.#letGo();
    this.#abort();
    this.#host.forget(this);
  }

  /** From here on the connection is node:http's, as if it had just arrived with `unread` as its first bytes. */
  #handOver(unread: Buffer): void {
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    this.#pieces = [];
    this.#bytes = 0;
    this.#letGo();
    this.#isGivenAway = true;
    this.#host.forget(this);
    this.#host.handOver(socket, withAsciiTarget(unread), this.#ended);
  }
}
