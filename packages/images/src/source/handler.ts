/** A server of the same process as a source: its handler is called, and nothing goes over a network. */
import type { Handler, HttpBody, HttpRequest } from '@peakstone/kernel/http';
import { ImagesError } from '../errors.ts';
import type { WebReader } from './types.ts';

export interface ObjectStore {
  /** What requests name it by: `http://127.0.0.1:9000`. */
  readonly origin: string;
  readonly handler: {
    /** Null while it restarts. */
    current(): Handler | null;
    /** Settles when it is back, or with null when it is not in time; null when it is not expected. */
    expected(): Promise<Handler | null> | null;
  };
}

export function handlerSource({ handler }: ObjectStore): WebReader {
  return async ({ source: { url }, headers, signal }) => {
    const answer = handler.current() ?? (await handler.expected());
    if (answer === null) throw new ImagesError('unreachable', 'The object storage is not up.');
    const request: HttpRequest = {
      method: 'GET',
      target: `${url.pathname}${url.search}`,
      path: url.pathname,
      query: url.search.slice(1),
      headers: { ...headers, host: url.host },
      remoteAddress: '127.0.0.1',
      body: async () => Buffer.alloc(0),
      hold: () => undefined,
      stream: () => chunksOf(null),
      onAborted: listener => signal.addEventListener('abort', listener, { once: true }),
    };
    const response = await answer(request);
    const named: Record<string, string> = {};
    for (let i = 0; i + 1 < response.headers.length; i += 2) {
      named[response.headers[i]!.toLowerCase()] = response.headers[i + 1]!;
    }
    return {
      status: response.status,
      headers: named,
      body: chunksOf(response.body),
      path: url.pathname,
      close: () => undefined,
    };
  };
}

async function* chunksOf(body: HttpBody): AsyncGenerator<Buffer> {
  if (body === null) return;
  if (typeof body === 'string') yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield Buffer.from(body);
  else if (Array.isArray(body)) for (const each of body as readonly Uint8Array[]) yield Buffer.from(each);
  else for await (const each of body as AsyncIterable<Uint8Array>) yield Buffer.from(each);
}
