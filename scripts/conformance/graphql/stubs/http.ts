/** Small HTTP servers that stand for webhooks and remote schemas. Answers have the headers that a stub gives, and no others. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Names as they were written, with their values. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: unknown;
}

export interface StubAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

export interface Stub {
  readonly url: string;
  stop(): Promise<void>;
}

export type StubHandler = (request: StubRequest) => StubAnswer | Promise<StubAnswer>;

export const jsonHeader = ['Content-Type', 'application/json'] as const;

export async function startStub(answer: StubHandler): Promise<Stub> {
  const server = createServer((message, response) => {
    void (async () => {
      const text = await readText(message);
      let given: StubAnswer;
      try {
        given = await answer(requestOf(message, text));
      } catch (error) {
        given = { status: 500, body: String((error as Error).stack) };
      }
      const { status, body = '', headers = [] } = given;
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      // By hand, as Node would add headers of its own, which the cases do not expect.
      response.socket?.end(`HTTP/1.0 ${status} Stub\r\n${lines}\r\n${body}`);
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}

function requestOf(message: IncomingMessage, text: string): StubRequest {
  const rawHeaders: (readonly [string, string])[] = [];
  for (let i = 0; i < message.rawHeaders.length; i += 2)
    rawHeaders.push([message.rawHeaders[i]!, message.rawHeaders[i + 1]!]);
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // No JSON: a stub that expects some says so.
  }
  return {
    method: message.method ?? 'GET',
    path: message.url ?? '/',
    headers: message.headers as Record<string, string | undefined>,
    rawHeaders,
    body,
  };
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
