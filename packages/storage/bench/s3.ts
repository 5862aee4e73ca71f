/**
 * `npm run bench -- storage/s3 [--keys 1000000] [--rounds 3]`
 *
 * Small objects at 64 clients, large ones alone, listings and memory; beside servers that do the same work without storing
 * and with a file for each object, in the same run. Medians; load and server share the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure, requestBytes } from './parts/load.ts';

const { values } = parseArgs({
  options: { keys: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const clients = 64;
const small = randomBytes(4096);
const largeBytes = 64 * 1024 * 1024;
const large = randomBytes(largeBytes);
const program = fileURLToPath(new URL('parts/serve.ts', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-s3-bench-'));
const children: ChildProcess[] = [];

try {
  const [store, nothing, files] = await Promise.all(['store', 'nothing', 'files'].map(serve));
  await measure(store!.url, 1, [requestBytes(store!.url, 'PUT', '/bench')]);
  const puts = (url: string, count: number, round: number): Buffer[] =>
    Array.from({ length: count }, (_, i) => requestBytes(url, 'PUT', `/bench/r${round}-${i}`, small));
  const gets = (url: string, count: number): Buffer[] =>
    Array.from({ length: count }, (_, i) => requestBytes(url, 'GET', `/bench/r0-${i % 1000}`));

  const put = await compare([store!, nothing!, files!], (url, round) =>
    measure(url, clients, puts(url, 2000, round)),
  );
  row('PUT 4 KiB, 64 clients', put, 'a second');
  const get = await compare([store!, nothing!, files!], url => measure(url, clients, gets(url, 4000)));
  row('GET 4 KiB, 64 clients', get, 'a second');

  const plain = await plainReader();
  const putLarge: number[] = [];
  const plainWrites: number[] = [];
  const getLarge: number[] = [];
  const plainReads: number[] = [];
  for (let round = 0; round < rounds; round++) {
    putLarge.push(
      await seconds(() => measure(store!.url, 1, [requestBytes(store!.url, 'PUT', '/bench/large', large)])),
    );
    plainWrites.push(await seconds(writeHashed));
    getLarge.push(
      await seconds(() => measure(store!.url, 1, [requestBytes(store!.url, 'GET', '/bench/large')])),
    );
    plainReads.push(await seconds(() => measure(plain, 1, [requestBytes(plain, 'GET', '/')])));
  }
  const rate = (times: number[]): number => largeBytes / 1e6 / median(times);
  console.log(
    `PUT 64 MiB: ${rate(putLarge).toFixed(0)} MB/s, ${(rate(putLarge) / rate(plainWrites)).toFixed(2)} × a file hashed alike`,
  );
  console.log(
    `GET 64 MiB: ${rate(getLarge).toFixed(0)} MB/s, ${(rate(getLarge) / rate(plainReads)).toFixed(2)} × createReadStream`,
  );

  await listings(store!.url, Number(values.keys));
  await measure(store!.url, 256, puts(store!.url, 2560, 99));
  console.log(`RssAnon after 256 clients: ${anonymousMb(store!.child.pid!).toFixed(0)} MB`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

interface Served {
  readonly url: string;
  readonly child: ChildProcess;
}

async function serve(mode: string): Promise<Served> {
  const child = spawn(process.execPath, [program, mode, path.join(folder, mode)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { url, child };
}

/** In turns, so that what else the machine does meets all alike. */
async function compare(
  servers: readonly Served[],
  work: (url: string, round: number) => Promise<number>,
): Promise<number[]> {
  const rates = servers.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, { url }] of servers.entries()) rates[i]!.push(await work(url, round));
  return rates.map(median);
}

function row(what: string, [ours, without, files]: number[], unit: string): void {
  console.log(
    `${what}: ${ours!.toFixed(0)} ${unit}, ${(ours! / without!).toFixed(2)} × the same without storing, ${(ours! / files!).toFixed(2)} × a file each`,
  );
}

async function listings(url: string, keys: number): Promise<void> {
  const batch = 5000;
  for (let from = 0; from < keys; from += batch) {
    const requests = Array.from({ length: Math.min(batch, keys - from) }, (_, i) => {
      const n = from + i;
      return requestBytes(url, 'PUT', `/bench/list/${Math.floor(n / 50)}/${n}`);
    });
    await measure(url, clients, requests);
  }
  for (const [what, query] of [
    [`1,000 of ${keys} keys`, 'list-type=2&prefix=list/'],
    ['1,000 common prefixes', 'list-type=2&prefix=list/&delimiter=/'],
  ] as const) {
    const times: number[] = [];
    for (let i = 0; i < 9; i++)
      times.push(await seconds(() => measure(url, 1, [requestBytes(url, 'GET', `/bench?${query}`)])));
    console.log(`listing ${what}: ${(median(times) * 1000).toFixed(1)} ms`);
  }
}

async function plainReader(): Promise<string> {
  const file = path.join(folder, 'plain');
  const handle = await open(file, 'w');
  await handle.write(large);
  await handle.close();
  const server = createServer((_request, reply) => {
    reply.writeHead(200, { 'Content-Length': largeBytes });
    createReadStream(file).pipe(reply);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function writeHashed(): Promise<void> {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  const handle = await open(path.join(folder, 'written'), 'w');
  for (let at = 0; at < largeBytes; at += 1024 * 1024) {
    const piece = large.subarray(at, at + 1024 * 1024);
    md5.update(piece);
    sha256.update(piece);
    await handle.write(piece);
  }
  await handle.datasync();
  await handle.close();
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

function median(all: number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1]!;
}

function anonymousMb(pid: number): number {
  return (
    Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024
  );
}
