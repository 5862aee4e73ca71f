/**
 * What a picture costs: processor time and memory of the service and its engine, beside a bare libvips thumbnail in a loop
 * (sharp, one thread). `npm run bench -- images/draw [pictures]`
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { images, readImagesConfig } from '../src/index.ts';

const pictures = Number(process.argv[2] ?? 40);
const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-images-bench-'));
writeFileSync(path.join(folder, 'big.jpg'), await noise(4000, 3000).jpeg({ quality: 88 }).toBuffer());
writeFileSync(path.join(folder, 'small.jpg'), await noise(320, 240).jpeg().toBuffer());
const source = readFileSync(path.join(folder, 'big.jpg'));
sharp.concurrency(1);
sharp.cache(false);

const env = {
  IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder,
  IMGPROXY_BIND: '127.0.0.1:0',
  IMGPROXY_CACHE_PATH: path.join(folder, 'cache'),
};
const service = await images.start(readImagesConfig(env), {}, new AbortController().signal);
const base = `http://127.0.0.1:${service.port}`;
const get = async (target: string): Promise<Buffer> => {
  const response = await fetch(base + target);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
};

/** Milliseconds of processor time: of the engine, and of this process, which is the service and its client. */
interface Cost {
  readonly engine: number;
  readonly here: number;
}

function cpuMs(): Cost {
  const { user, system } = process.cpuUsage();
  return { engine: ticksOf(service.pid()), here: (user + system) / 1000 };
}
function ticksOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
const rssMb = (pid: number | undefined): number =>
  pid === undefined ? 0 : Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) / 256;

async function cost(count: number, work: (i: number) => Promise<unknown>): Promise<Cost> {
  await work(-1);
  const before = cpuMs();
  for (let i = 0; i < count; i++) await work(i);
  const after = cpuMs();
  return { engine: (after.engine - before.engine) / count, here: (after.here - before.here) / count };
}

try {
  console.log('12 MP JPEG to 500 px, milliseconds of processor time a picture');
  for (const [format, options] of [
    ['jpg', (s: Sharp) => s.jpeg({ quality: 80 })],
    ['webp', (s: Sharp) => s.webp({ quality: 79, effort: 4 })],
    ['avif', (s: Sharp) => s.avif({ quality: 63, effort: 1, chromaSubsampling: '4:2:0' })],
  ] as const) {
    const ours = await cost(pictures, i =>
      get(`/_/w:500/cb:${format}${i}/f:${format}/plain/local:///big.jpg`),
    );
    const bare = (await cost(pictures, () => options(sharp(source).resize({ width: 500 })).toBuffer())).here;
    const all = ours.engine + ours.here;
    const parts = `engine ${ours.engine.toFixed(1)}, service and client ${ours.here.toFixed(1)}`;
    const ratios = `engine ${(ours.engine / bare).toFixed(2)}, all ${(all / bare).toFixed(2)}`;
    console.log(`  ${format.padEnd(5)} ${parts}; sharp ${bare.toFixed(1)}; beside sharp: ${ratios}`);
  }

  const mixed = ['w:500/f:jpg', 'rs:fill:800:800/f:webp', 'w:1200/f:png', 'w:400/bl:5/f:avif'];
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, rssMb(service.pid()));
  }, 20);
  for (let round = 0; round < 5; round++)
    await Promise.all(mixed.map(options => get(`/_/${options}/cb:mixed${round}/plain/local:///big.jpg`)));
  clearInterval(watch);
  console.log(`four mixed jobs at once: the engine takes ${most.toFixed(0)} MB at most`);

  const alone = await medianMs(30, i => get(`/_/w:100/cb:alone${i}/plain/local:///small.jpg`));
  let busy = true;
  const load = (async () => {
    for (let i = 0; busy; i++) await get(`/_/w:2000/cb:load${i}/f:webp/plain/local:///big.jpg`);
  })();
  const beside = await medianMs(30, i => get(`/_/w:100/cb:beside${i}/plain/local:///small.jpg`));
  busy = false;
  await load;
  console.log(
    `a small picture: ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside large ones, ratio ${(beside / alone).toFixed(1)}`,
  );

  await get('/_/w:100/plain/local:///small.jpg');
  await new Promise(resolve => setTimeout(resolve, 300));
  const file = path.join(folder, 'static.jpg');
  writeFileSync(file, await get('/_/w:100/plain/local:///small.jpg'));
  const server = createServer((_, response) => {
    import('node:fs/promises').then(fs => fs.readFile(file)).then(body => response.end(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const staticUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/static.jpg`;
  const rates = { hit: [] as number[], file: [] as number[] };
  for (let round = 0; round < 5; round++) {
    rates.hit.push(await rate(`${base}/_/w:100/plain/local:///small.jpg`));
    rates.file.push(await rate(staticUrl));
  }
  server.close();
  server.closeAllConnections();
  const [hit, plain] = [median(rates.hit), median(rates.file)];
  console.log(
    `a cached hit: ${hit.toFixed(0)} a second, a file in node:http ${plain.toFixed(0)}, ratio ${(hit / plain).toFixed(2)}`,
  );
} finally {
  await service.stop();
  rmSync(folder, { recursive: true });
}

async function medianMs(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  await work(-1);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work(i);
    times.push(performance.now() - start);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Answers a second over 16 connections, for a second. */
async function rate(url: string): Promise<number> {
  const end = performance.now() + 1000;
  let count = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (performance.now() < end) {
        const response = await fetch(url);
        await response.arrayBuffer();
        count++;
      }
    }),
  );
  return count;
}

/** Noise on a gradient, as photographs are: neither flat nor random. */
function noise(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  let seed = 1;
  for (let i = 0; i < data.length; i++) {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    data[i] = (((i / 3) % width) * 200) / width + (seed >> 25);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}
