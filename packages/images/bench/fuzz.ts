/**
 * URLs that nobody would write, made of the table of options: every answer has one of the contract's statuses, the service and
 * its engine live on within their memory, and a plain picture is drawn afterwards. `npm run bench -- images/fuzz [urls] [seed]`
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { images, readImagesConfig } from '../src/index.ts';
import { optionTable } from '../src/options/index.ts';

const urls = Number(process.argv[2] ?? 10_000);
let seed = Number(process.argv[3] ?? 1);
const contract = new Set([200, 304, 400, 403, 404, 422, 429, 500, 503, 504]);
const concurrency = 8;

const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-images-fuzz-'));
const frame = (background: string) =>
  sharp({ create: { width: 40, height: 30, channels: 4, background } })
    .png()
    .toBuffer();
const files: Readonly<Record<string, Buffer | string>> = {
  'a.jpg': await sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer(),
  'a.png': await frame('#2468'),
  'a.webp': await sharp(await frame('red'))
    .webp()
    .toBuffer(),
  'a.gif': await sharp([await frame('red'), await frame('blue')], { join: { animated: true } })
    .gif()
    .toBuffer(),
  'a.avif': await sharp(await frame('green'))
    .avif({ effort: 0 })
    .toBuffer(),
  'a.tiff': await sharp(await frame('green'))
    .tiff()
    .toBuffer(),
  'a.svg':
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><circle cx="9" cy="9" r="8"/></svg>',
  'text.jpg': 'no picture',
  'cut.jpg': (
    await sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer()
  ).subarray(0, 300),
};
for (const [name, data] of Object.entries(files)) writeFileSync(path.join(folder, name), data);

const service = await images.start(
  readImagesConfig({
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder,
    IMGPROXY_BIND: '127.0.0.1:0',
    IMGPROXY_ALLOW_SECURITY_OPTIONS: 'true',
    IMGPROXY_MAX_ANIMATION_FRAMES: '100',
    IMGPROXY_WATERMARK_PATH: path.join(folder, 'a.png'),
    IMGPROXY_TIMEOUT: '5',
  }),
  {},
  new AbortController().signal,
);

const random = (n: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed % n;
};
const pick = <Each>(those: readonly Each[]): Each => those[random(those.length)]!;
const values = [
  '0',
  '1',
  '-1',
  '0.5',
  '2',
  '10',
  '90',
  '100',
  '333',
  '1e3',
  '99999',
  '1e9',
  'NaN',
  'inf',
  '',
  't',
  'x',
  'fp',
  'sm',
  'no',
  're',
  'soea',
  'ce',
  'fill',
  'fit',
  'force',
  'auto',
  'fff',
  'ff00ff',
  'png',
  'webp',
  'gif',
  'avif',
  'svg',
  'ico',
  'bmp',
  'jpg',
  '%00',
  '%3A',
  '\u00fc',
  '٣',
];
const names = optionTable.flatMap(({ name, aliases }) => [name, ...aliases]).filter(name => name !== 'raw');
const option = (): string =>
  `${random(40) === 0 ? 'nosuch' : pick(names)}:${Array.from({ length: 1 + random(5) }, () => pick(values)).join(':')}`;
const good = [
  'w:50',
  'h:40',
  'rs:fill:30:30',
  'rs:fit:90:90:1:1',
  'c:20:20',
  'rot:90',
  'fl:1:1',
  'bl:2',
  'sh:1',
  'pix:5',
  'pd:3',
  'bg:fff',
  'wm:0.5:re',
  't:10',
  'f:png',
  'f:webp',
  'f:gif',
  'q:30',
  'mb:500',
  'dpr:2',
  'z:0.5',
  'g:sm',
  '-',
];
const makePath = (): string => {
  const options = Array.from({ length: random(7) }, () => encodeURI(random(3) === 0 ? option() : pick(good)));
  const extension =
    random(3) === 0 ? `@${pick(['png', 'jpg', 'webp', 'gif', 'avif', 'svg', 'x', 'best'])}` : '';
  return `/_/${[...options, 'plain', `local:///${pick([...Object.keys(files), 'none.png'])}${extension}`].join('/')}`;
};

const rssMb = (pid: number | undefined): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) / 256;
  } catch {
    return 0;
  }
};
const counts: Record<number, number> = {};
let most = { service: 0, engine: 0 };
const watch = setInterval(() => {
  most = {
    service: Math.max(most.service, rssMb(process.pid)),
    engine: Math.max(most.engine, rssMb(service.pid())),
  };
}, 50);
const strange: string[] = [];
const pids = new Set<number | undefined>();
let done = 0;
const start = performance.now();
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (done < urls) {
      done++;
      const target = makePath();
      const response = await fetch(`http://127.0.0.1:${service.port}${target}`);
      await response.arrayBuffer();
      counts[response.status] = (counts[response.status] ?? 0) + 1;
      pids.add(service.pid());
      if (!contract.has(response.status)) strange.push(`${response.status} ${target}`);
      if (done % 10_000 === 0) process.stderr.write(`${done}\n`);
    }
  }),
);
clearInterval(watch);
const plain = await fetch(`http://127.0.0.1:${service.port}/_/w:20/plain/local:///a.jpg`);
await service.stop();
rmSync(folder, { recursive: true });
console.log(`${urls} URLs in ${((performance.now() - start) / 1000).toFixed(0)} s:`, counts);
console.log(
  `memory at most: service ${most.service.toFixed(0)} MB, engine ${most.engine.toFixed(0)} MB; engines: ${pids.size}`,
);
console.log(`a plain picture afterwards: ${plain.status}`);
for (const each of strange.slice(0, 20)) console.log(each);
process.exitCode = strange.length === 0 && plain.status === 200 ? 0 : 1;
