/**
 * `npm run bench -- storage/bench/million [KEYS]`: what a million objects (or so many) make of the start, the listings and
 * the memory of a server, beside the same with none. The objects are written through the store, without HTTP.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { homeAccount } from '../src/iam/identity.ts';
import { openStore } from '../src/store/store.ts';
import { measure, requestBytes } from './parts/load.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const atOnce = 4000;
const owner = { id: homeAccount.canonicalId, name: homeAccount.name };
const program = fileURLToPath(new URL('parts/serve.ts', import.meta.url));
const root = await mkdtemp(path.join(tmpdir(), 'peakstone-million-'));

try {
  const folder = path.join(root, 'full');
  await fill(folder);
  for (const [what, place] of [
    ['none', path.join(root, 'empty')],
    [`${keys} objects`, folder],
  ] as const) {
    const starts: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { child, ms } = await serve(place);
      starts.push(ms);
      await end(child);
    }
    console.log(`start with ${what}: ${median(starts).toFixed(0)} ms, Node's own included`);
  }
  const { child, url } = await serve(folder);
  const began = anonymousMb(child.pid!);
  for (const [what, query] of [
    ['1,000 keys', 'list-type=2&prefix=list/'],
    ['1,000 keys from the middle', `list-type=2&prefix=list/&start-after=list/${Math.floor(keys / 100)}/`],
    ['1,000 common prefixes', 'list-type=2&prefix=list/&delimiter=/'],
    ['1,000 versions', 'versions&prefix=list/'],
  ] as const) {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const from = performance.now();
      await measure(url, 1, [requestBytes(url, 'GET', `/many?${query}`)]);
      times.push(performance.now() - from);
    }
    console.log(`listing ${what}: ${median(times).toFixed(1)} ms, best ${Math.min(...times).toFixed(1)}`);
  }
  console.log(
    `RssAnon: ${began.toFixed(0)} MB at the start, ${anonymousMb(child.pid!).toFixed(0)} MB after the listings`,
  );
  await end(child);
} finally {
  await rm(root, { recursive: true, force: true });
}

async function fill(folder: string): Promise<void> {
  const store = await openStore(folder, error => {
    throw error;
  });
  const bucket = await store.buckets.create({ name: 'many', accountId: homeAccount.id, owner });
  const draft = { owner, headers: { 'content-type': 'text/plain' }, metadata: {} };
  const etag = 'd41d8cd98f00b204e9800998ecf8427e';
  const from = performance.now();
  for (let n = 0; n < keys; n += atOnce) {
    await Promise.all(
      Array.from({ length: Math.min(atOnce, keys - n) }, (_, i) =>
        store.objects.put(bucket, `list/${Math.floor((n + i) / 50)}/${n + i}`, {
          draft,
          body: store.bodies.stageInline(Buffer.alloc(100, n + i)),
          etag,
        }),
      ),
    );
  }
  process.stderr.write(`${keys} written in ${((performance.now() - from) / 1000).toFixed(0)} s\n`);
  await store.close();
}

async function serve(folder: string): Promise<{ child: ChildProcess; url: string; ms: number }> {
  const from = performance.now();
  const child = spawn(process.execPath, [program, 'store', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { child, url, ms: performance.now() - from };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

function median(all: number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1]!;
}

function anonymousMb(pid: number): number {
  return (
    Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024
  );
}
