/** What the gateway's tests share: a service that tells what it sees, and raw requests. */
import { connect, createServer } from 'node:net';
import { after } from 'node:test';
import { type Handler, type HttpServer, jsonResponse, serveHttp } from '@peakstone/kernel/http';
import {
  type GatewayDeps,
  type GatewayService,
  gateway,
  type Route,
  readGatewayConfig,
} from '../src/index.ts';

/** Tells what a service sees. */
export const echo: Handler = async request =>
  jsonResponse(200, {
    method: request.method,
    target: request.target,
    path: request.path,
    query: request.query,
    headers: request.headers,
    body: (await request.body()).toString(),
    client: request.remoteAddress,
  });

export interface Seen {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly client: string;
}

export const rest: Route = {
  name: 'rest',
  title: 'REST API',
  contract: 'PostgREST',
  paths: ['/rest/v1'],
  host: 'api.example.com',
  stripPrefix: true,
  target: echo,
  public: true,
  firstRequest: true,
};

const open: { stop(): Promise<void> }[] = [];
after(() => Promise.all(open.map(entry => entry.stop())));

export async function start(
  routes: readonly Route[],
  deps: Partial<GatewayDeps> = {},
  env: Record<string, string> = {},
): Promise<GatewayService> {
  const config = readGatewayConfig({ GATEWAY_PORT: '0', GATEWAY_DRAIN: '0', ...env });
  const service = await gateway.start(config, { routes, ...deps }, AbortSignal.timeout(60_000));
  open.push(service);
  return service;
}

export async function upstream(
  handler: Handler,
  options: Parameters<typeof serveHttp>[1] = {},
): Promise<HttpServer> {
  const server = await serveHttp(handler, options);
  open.push({ stop: () => server.close(0) });
  return server;
}

/** A request with exactly this target and these header lines; fetch would tidy both up. */
export async function raw(
  port: number,
  target: string,
  lines: readonly string[] = ['Host: localhost'],
  method = 'GET',
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

export const seen = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Seen;

/** A server that accepts and hangs up. */
export async function breaking(): Promise<string> {
  const server = createServer(socket => socket.once('data', () => socket.destroy()));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  open.push({ stop: () => new Promise(resolve => server.close(() => resolve())) });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
