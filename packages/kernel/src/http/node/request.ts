import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientAddress, plainAddress } from '../address.ts';
import { BodyCollector } from '../bodyCollector.ts';
import { HttpError, tooLarge } from '../errors.ts';
import type { Lane } from '../lane.ts';
import type { HttpRequest } from '../types.ts';

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
  /** Nothing more will come from the client. */
  brokenOff = false;
  readonly #message: IncomingMessage;
  readonly #lane: Lane;
  readonly #abortListeners: (() => void)[] = [];
  readonly #broken = Promise.withResolvers<never>();
  #continueWith: ServerResponse | null;
  #aborted = false;
  #read = false;

  /** `continueWith` is set when the client waits for `100 Continue`; it gets it when the handler reads. */
  constructor(message: IncomingMessage, lane: Lane, continueWith: ServerResponse | null) {
    this.method = message.method ?? 'GET';
    const absolute = readAbsolute(message.url ?? '/');
    this.target = absolute?.target ?? message.url ?? '/';
    const mark = this.target.indexOf('?');
    this.path = mark < 0 ? this.target : this.target.slice(0, mark);
    this.query = mark < 0 ? '' : this.target.slice(mark + 1);
    const headers = flatHeaders(message);
    this.headers = absolute ? { ...headers, host: absolute.host } : headers;
    this.#message = message;
    this.#lane = lane;
    this.#continueWith = continueWith;
    this.unreadable = continueWith !== null;
    if (Number(this.headers['content-length'] ?? 0) > lane.limits.maxBodyBytes) this.unreadable = true;
    this.#broken.promise.catch(() => {
      // Whoever reads the body hears of it; if nobody does, it changes nothing.
    });
  }

  get remoteAddress(): string {
    const peer = plainAddress(this.#message.socket.remoteAddress ?? '');
    const { trusted } = this.#lane;
    return trusted === null ? peer : clientAddress(peer, this.headers['x-forwarded-for'], trusted);
  }

  async body(maxBytes: number = this.#lane.limits.maxBodyBytes): Promise<Buffer> {
    const collector = new BodyCollector();
    for await (const chunk of this.#chunks(maxBytes)) collector.add(chunk);
    return collector.finish();
  }

  stream(): AsyncIterable<Buffer> {
    return this.#chunks(this.#lane.limits.maxBodyBytes);
  }

  onAborted(listener: () => void): void {
    if (this.#aborted) listener();
    else this.#abortListeners.push(listener);
  }

  /** The client is gone; tells those who asked, once. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const listener of this.#abortListeners) listener();
  }

  /** The rest of the request can't be read: fails whoever waits for its body. Does nothing when it has all arrived. */
  breakOff(status: number): void {
    if (this.#message.complete) return;
    this.unreadable = true;
    this.brokenOff = true;
    this.#broken.reject(new HttpError(status, BROKEN_OFF[status] ?? 'The request can not be read'));
  }

  async *#chunks(maxBytes: number): AsyncGenerator<Buffer> {
    if (this.#read) throw new Error('The request body was already read');
    this.#read = true;
    if (Number(this.headers['content-length'] ?? 0) > maxBytes) {
      this.unreadable = true;
      throw tooLarge(maxBytes);
    }
    if (this.#continueWith !== null) {
      this.#continueWith.writeContinue();
      this.#continueWith = null;
      this.unreadable = false;
    }
    let bytes = 0;
    try {
      // destroyOnReturn would cut the connection under the response when a handler stops reading early.
      const chunks = this.#message.iterator({ destroyOnReturn: false });
      for (;;) {
        const { done, value } = await Promise.race([chunks.next(), this.#broken.promise]);
        if (done) return;
        const chunk = value as Buffer;
        bytes += chunk.length;
        if (bytes > maxBytes) {
          this.unreadable = true;
          throw tooLarge(maxBytes);
        }
        yield chunk;
      }
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw new HttpError(400, 'The client broke off the request', { cause: error });
    }
  }
}

const ABSOLUTE = /^https?:\/\/([A-Za-z0-9._:[\]-]+)((?:\/[^?]*)?)(\?.*)?$/i;

/**
 * A target in absolute form, as clients send to a proxy and some to every server: it means the same as its path and
 * query, and the host that it names counts, whatever the Host field says. Null for every other form. Pure.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
function readAbsolute(url: string): { readonly target: string; readonly host: string } | null {
  if (url.startsWith('/')) return null;
  const match = ABSOLUTE.exec(url);
  return match && { target: `${match[2] || '/'}${match[3] ?? ''}`, host: match[1]! };
}

/**
 * node:http keeps the first of two Hosts, where a proxy in front may have looked at the second.
 * @throws {HttpError} 400
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function assertOneHost({ rawHeaders }: IncomingMessage): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) throw new HttpError(400, 'The request names more than one host');
}

/** node:http's joined headers; its one list-valued field (`set-cookie`, senseless in a request) joined too. */
function flatHeaders(message: IncomingMessage): HttpRequest['headers'] {
  const { headers } = message;
  const cookies = headers['set-cookie'];
  return cookies === undefined
    ? (headers as Record<string, string | undefined>)
    : { ...(headers as Record<string, string | undefined>), 'set-cookie': cookies.join(', ') };
}
