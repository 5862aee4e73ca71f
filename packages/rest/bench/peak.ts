/**
 * Memory after a peak: resident memory at rest, under large results and bodies on every connection, and as it falls afterwards.
 * Usage: npm run bench -- rest/peak [--seconds 60] [--megabytes 20]
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBenchService } from './parts/service.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, megabytes: { type: 'string', default: '20' } },
});
const bytes = Number(values.megabytes) * 1024 * 1024;
const service = await startBenchService();
const headers = { Authorization: `Bearer ${service.token}`, 'Content-Type': 'application/json' };
const residentMb = async (): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${service.process.pid}/status`, 'utf8'))![1]) / 1024;

async function send(path: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(service.origin + path, { headers, ...init });
  for await (const _ of response.body!);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
}

try {
  await service.admin.script(
    `create table api.large (id int primary key, text text not null); grant all on api.large to bench_user;
     insert into api.large select n, repeat('x', ${bytes}) from generate_series(1, 2) n; notify pgrst`,
  );
  for (let i = 0; i < 500; i++) await send(`/item?id=eq.${i + 1}`);
  await sleep(2000);
  const idle = await residentMb();
  let peak = 0;
  const watch = setInterval(() => void residentMb().then(now => (peak = Math.max(peak, now))), 50);
  const body = JSON.stringify({ kind: 'large', payload: { text: 'y'.repeat(bytes / 2) } });
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => send(`/large?id=eq.${1 + (i % 2)}`)));
    await Promise.all(Array.from({ length: 10 }, () => send('/event', { method: 'POST', body })));
    await Promise.all(
      Array.from({ length: 2000 }, (_, i) => send(`/item?id=gte.${i}&limit=${1 + (i % 1000)}`)),
    );
  }
  clearInterval(watch);
  const show = (when: string, mb: number): boolean =>
    process.stdout.write(`| ${when} | ${mb.toFixed(0)} | ${(mb / idle).toFixed(2)} |\n`);
  process.stdout.write('| | resident MB | of idle |\n|---|--:|--:|\n');
  show('idle', idle);
  show('peak', peak);
  const step = Number(values.seconds) / 6;
  show('at its end', await residentMb());
  for (let i = 1; i <= 6; i++) {
    await sleep(step * 1000);
    show(`${(i * step).toFixed(0)} s later`, await residentMb());
  }
} finally {
  await service.stop();
}
