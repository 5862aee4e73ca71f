/**
 * What the HTTP edge costs: the fast lane against node:http, on this machine, interleaved, medians.
 * `npm run bench -- kernel/http [rounds]`
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Handler, serveHttp } from '../src/http/index.ts';
import type { LoadCommand, LoadResult } from './parts/load.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const SECONDS = 1;
const CONNECTIONS = 32;

const token = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(160)}.${'b'.repeat(43)}`;
const head = `Host: localhost:3000\r\nUser-Agent: bench/1\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer ${token}\r\nX-Client-Info: supabase-js/2\r\n`;
const get = `GET /films?id=eq.1&select=id,title,actors(name) HTTP/1.1\r\n${head}\r\n`;
const item = JSON.stringify({ title: 'A film', year: 1999, note: 'x'.repeat(150) });
const post = `POST /films HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${item.length}\r\n\r\n${item}`;

const row = Buffer.from(JSON.stringify([{ id: 1, title: 'A film', actors: [{ name: 'x'.repeat(120) }] }]));
const handler: Handler = async request => {
  if (request.method === 'POST') await request.body();
  return {
    status: 200,
    headers: ['Content-Range', '0-0/*', 'Content-Type', 'application/json; charset=utf-8', 'Server', 'bench'],
    body: row,
  };
};

interface Subject {
  readonly name: string;
  readonly port: number;
  readonly request: string;
  readonly rates: number[];
  readonly cpu: number[];
  readonly p99: number[];
}

const fast = await serveHttp(handler, { fastLane: true });
const slow = await serveHttp(handler, { fastLane: false });
const bare = createServer((_request, response) => {
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': row.length,
  });
  response.end(row);
});
await new Promise<void>(resolve => bare.listen(0, '127.0.0.1', resolve));
const barePort = (bare.address() as { port: number }).port;

const subject = (name: string, port: number, request: string): Subject => ({
  name,
  port,
  request,
  rates: [],
  cpu: [],
  p99: [],
});
const subjects = [
  subject('GET   fast lane', fast.port, get),
  subject('GET   serveHttp on node:http', slow.port, get),
  subject('GET   bare node:http', barePort, get),
  subject('POST  fast lane', fast.port, post),
  subject('POST  serveHttp on node:http', slow.port, post),
];

const child = spawn(process.execPath, [fileURLToPath(new URL('./parts/load.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

async function load(command: LoadCommand): Promise<LoadResult> {
  child.stdin.write(`${JSON.stringify(command)}\n`);
  const { value } = await lines.next();
  return JSON.parse(value as string) as LoadResult;
}

for (const { port, request } of subjects)
  await load({ port, request, connections: CONNECTIONS, seconds: 0.5 });
for (let round = 0; round < ROUNDS; round++) {
  for (const entry of subjects) {
    const before = process.cpuUsage();
    const result = await load({
      port: entry.port,
      request: entry.request,
      connections: CONNECTIONS,
      seconds: SECONDS,
    });
    const used = process.cpuUsage(before);
    if (result.errors > 0) throw new Error(`${entry.name}: ${result.errors} errors`);
    entry.rates.push(result.requests / result.seconds);
    entry.cpu.push((used.user + used.system) / result.requests);
    entry.p99.push(result.p99);
  }
}
child.stdin.end();
await Promise.all([fast.close(0), slow.close(0)]);
bare.closeAllConnections();
bare.close();

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
console.log(`${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, medians; CPU is the server's own`);
for (const { name, rates, cpu, p99 } of subjects) {
  console.log(
    `${name.padEnd(30)} ${median(rates).toFixed(0).padStart(7)} req/s  ${median(cpu).toFixed(1).padStart(6)} µs CPU  p99 ${median(p99).toFixed(2)} ms`,
  );
}
