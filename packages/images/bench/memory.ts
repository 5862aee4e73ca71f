/**
 * What hostile pictures take: anonymous memory of `peakstone images` and of all processes that it starts, at most, while each
 * of them is asked for several times at once. `npm run bench -- images/memory [NAME]`
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hostileRequests } from './parts/hostile.ts';

const limitMb = 1024;
const atOnce = 4;
const only = process.argv[2];

const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-images-memory-'));
const main = path.resolve(import.meta.dirname, '../src/main.ts');
const port = Number(process.env.PORT ?? 45_100);
const service = spawn(
  process.execPath,
  [
    '--input-type=module',
    '-e',
    `const { runImages } = await import(${JSON.stringify(main)}); await runImages(process.env);`,
  ],
  {
    env: {
      PATH: process.env.PATH,
      IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder,
      IMGPROXY_BIND: `127.0.0.1:${port}`,
      IMGPROXY_MAX_SRC_RESOLUTION: '80',
      IMGPROXY_MAX_ANIMATION_FRAMES: '1000',
      IMGPROXY_TIMEOUT: '30',
      IMGPROXY_LOG_LEVEL: process.env.DEBUG ? 'info' : 'error',
    },
    stdio: ['ignore', process.env.DEBUG ? 'inherit' : 'ignore', 'inherit'],
  },
);

/** Anonymous memory of a process and of all below it, in megabytes. */
function treeMb(): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(/^PPid:\s+(\d+)/m.exec(statusOf(name))?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const sum = (pid: number): number =>
    Number(/^RssAnon:\s+(\d+)/m.exec(statusOf(String(pid)))?.[1] ?? 0) / 1024 +
    (children.get(pid) ?? []).reduce((all, child) => all + sum(child), 0);
  return sum(service.pid ?? 0);
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

let most = 0;
const watch = setInterval(() => {
  most = Math.max(most, treeMb());
}, 10);
const url = `http://127.0.0.1:${port}`;
const isUp = (): Promise<boolean> =>
  fetch(`${url}/health`).then(
    response => response.ok,
    () => false,
  );
let failed = false;
try {
  while (!(await isUp())) await new Promise(resolve => setTimeout(resolve, 50));
  console.log(`| asked for ${atOnce} times at once | answers | MB at most | s |\n|---|---|--:|--:|`);
  for (const { name, file, options } of hostileRequests) {
    if (only !== undefined && !name.includes(only)) continue;
    const source = path.join(folder, 'hostile');
    writeFileSync(source, await file());
    most = treeMb();
    const start = performance.now();
    const ask = async (_: unknown, i: number): Promise<string> => {
      const response = await fetch(`${url}/_/${options}/cb:${i}/plain/local:///hostile`);
      const body = await response.arrayBuffer();
      return response.ok
        ? `200 ${(body.byteLength / 1024).toFixed(0)} KB`
        : `${response.status} ${Buffer.from(body)}`;
    };
    const answers = await Promise.all(Array.from({ length: atOnce }, ask));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const counts = Object.entries(Object.groupBy(answers, answer => answer));
    const told = counts.map(([answer, those]) => `${those?.length} × ${answer}`).join(', ');
    console.log(`| ${name}: \`${options}\` | ${told} | ${most.toFixed(0)} | ${seconds} |`);
    if (most > limitMb) failed = true;
  }
  if (!(await isUp())) failed = true;
} finally {
  clearInterval(watch);
  service.kill('SIGTERM');
  await new Promise(resolve => service.once('close', resolve));
  rmSync(folder, { recursive: true });
}
console.log(failed ? `\nmore than ${limitMb} MB, or no service any more` : `\nnever more than ${limitMb} MB`);
process.exitCode = failed ? 1 : 0;
