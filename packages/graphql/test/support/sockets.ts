/** Clients over WebSockets: graphql-ws for the protocol of today, and bare frames for both. */
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** A client of graphql-transport-ws that does not connect anew by itself. */
export function transportClient(
  port: number,
  headers: Readonly<Record<string, string>> = {},
  options: { readonly onClosed?: (event: unknown) => void } = {},
): Client {
  return createClient({
    url: `ws://127.0.0.1:${port}/v1/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { headers },
    retryAttempts: 0,
    on: { closed: event => options.onClosed?.(event) },
  });
}

/** Results of one subscription, each to be waited for. */
export function subscribe(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
): { next(): Promise<unknown>; end(): Promise<void> } {
  const results = client.iterate({ query, variables });
  return {
    async next() {
      const { value, done } = await results.next();
      if (done) throw new Error('the subscription has ended');
      return value;
    },
    async end() {
      await results.return?.();
    },
  };
}

/** A socket that sends and shows frames as they are. */
export interface RawSocket {
  readonly protocol: string;
  send(message: unknown): void;
  /** The next message, keep-alives left out. */
  next(): Promise<Record<string, unknown>>;
  /** How the server has closed it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  close(): void;
}

export async function rawSocket(
  port: number,
  protocol: string | undefined = 'graphql-ws',
  {
    path = '/v1/graphql',
    headers = {},
  }: { readonly path?: string; readonly headers?: Record<string, string> } = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol === undefined ? [] : [protocol], {
    headers,
  });
  const messages: Record<string, unknown>[] = [];
  const waiting: ((message: Record<string, unknown>) => void)[] = [];
  socket.on('message', data => {
    const message = JSON.parse(data.toString()) as Record<string, unknown>;
    if (message.type === 'ka' || message.type === 'ping') return;
    const taker = waiting.shift();
    if (taker) taker(message);
    else messages.push(message);
  });
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  return {
    protocol: socket.protocol,
    send: message => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () => {
      const message = messages.shift();
      return message ? Promise.resolve(message) : new Promise(resolve => waiting.push(resolve));
    },
    closed,
    close: () => socket.close(),
  };
}
