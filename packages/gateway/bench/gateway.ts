/**
 * What the gateway adds to a request: the same handler behind its own listener, behind the gateway in process,
 * and behind the gateway at a URL. Interleaved, medians. `npm run bench -- gateway/gateway [rounds]`
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Handler, serveHttp } from '@peakstone/kernel/http';
import { createLogger } from '@peakstone/kernel/log';
import { gateway, type Route, readGatewayConfig } from '../src/index.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const CONNECTIONS = 32;

const row = Buffer.from(JSON.stringify([{ id: 1, title: 'A film', note: 'x'.repeat(150) }]));
const handler: Handler = async () => ({
  status: 200,
  headers: ['Content-Range', '0-0/*', 'Content-Type', 'application/json; charset=utf-8'],
  body: row,
});
const route: Route = { name: 'rest', paths: ['/rest/v1'], stripPrefix: true, target: handler, public: true };
const nowhere = createWriteStream('/dev/null');
const log = createLogger({ format: 'json', stream: nowhere });
const never = new AbortController().signal;
const config = readGatewayConfig({ GATEWAY_PORT: '0' });

const direct = await serveHttp(handler);
const logged = await gateway.start(config, { routes: [route], log }, never);
const silent = await gateway.start({ ...config, accessLog: 'off' }, { routes: [route] }, never);
const remote = await gateway.start(
  { ...config, accessLog: 'off' },
  { routes: [{ ...route, target: direct.url }] },
  never,
);

const token = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(160)}.${'b'.repeat(43)}`;
const request = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: bench/1\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\napikey: ${token}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

const subjects = [
  { name: 'the handler alone', port: direct.port, path: '/films?id=eq.1' },
  { name: 'through the gateway, no access log', port: silent.port, path: '/rest/v1/films?id=eq.1' },
  { name: 'through the gateway, access log', port: logged.port, path: '/rest/v1/films?id=eq.1' },
  { name: 'through the gateway to a URL', port: remote.port, path: '/rest/v1/films?id=eq.1' },
].map(subject => ({ ...subject, rates: [] as number[], cpu: [] as number[] }));

const generator = fileURLToPath(new URL('../../kernel/bench/parts/load.ts', import.meta.url));
const child = spawn(process.execPath, [generator], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

async function load(port: number, path: string, seconds: number) {
  child.stdin.write(
    `${JSON.stringify({ port, connections: CONNECTIONS, seconds, request: request(path) })}\n`,
  );
  const { value } = await lines.next();
  return JSON.parse(value as string) as { requests: number; seconds: number; errors: number };
}

for (const { port, path } of subjects) await load(port, path, 0.5);
for (let round = 0; round < ROUNDS; round++) {
  for (const subject of subjects) {
    const before = process.cpuUsage();
    const { requests, seconds, errors } = await load(subject.port, subject.path, 1);
    const used = process.cpuUsage(before);
    if (errors > 0) throw new Error(`${subject.name}: ${errors} errors`);
    subject.rates.push(requests / seconds);
    subject.cpu.push((used.user + used.system) / requests);
  }
}
child.stdin.end();
await Promise.all([direct.close(0), logged.stop(), silent.stop(), remote.stop()]);
nowhere.end();

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const base = median(subjects[0]!.cpu);
console.log(`${CONNECTIONS} connections, ${ROUNDS} rounds of 1 s, medians; CPU is this process's own`);
for (const { name, rates, cpu } of subjects) {
  const added = median(cpu) - base;
  console.log(
    `${name.padEnd(36)} ${median(rates).toFixed(0).padStart(7)} req/s  ${median(cpu).toFixed(1).padStart(6)} µs CPU  ${added >= 0 ? '+' : ''}${added.toFixed(1)} µs`,
  );
}
