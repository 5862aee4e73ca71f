/** A webhook that keeps what it was sent, and answers as a test says. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a test looks at
  readonly body: any;
}

export interface WebhookAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Webhook {
  readonly url: string;
  /** All that came, in order. */
  readonly received: readonly Received[];
  /** The next that nobody has taken yet. */
  next(): Promise<Received>;
  answer(how: (request: Received) => WebhookAnswer | Promise<WebhookAnswer>): void;
  stop(): Promise<void>;
}

export async function startWebhook(): Promise<Webhook> {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  let how: (request: Received) => WebhookAnswer | Promise<WebhookAnswer> = () => ({});
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const each = {
        path: request.url!,
        headers: request.headers,
        body: text === '' ? null : JSON.parse(text),
      };
      received.push(each);
      waiting.shift()?.();
      const { status = 200, headers = {}, body } = await how(each);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? '' : JSON.stringify(body));
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async next() {
      while (received.length <= taken) await new Promise<void>(resolve => waiting.push(resolve));
      return received[taken++]!;
    },
    answer(next) {
      how = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}
