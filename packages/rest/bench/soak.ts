/**
 * Memory over many requests: a mix of reads and writes, resident memory after each tenth.
 * Usage: npm run bench -- rest/soak [--requests 1000000]. Needs wrk.
 */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { runWrk, type Shape } from './parts/load.ts';
import { ITEMS, startBenchService } from './parts/service.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' } } });
const total = Number(values.requests);
const service = await startBenchService();
try {
  const headers = { Authorization: `Bearer ${service.token}` };
  const get = (path: string): Shape => ({ method: 'GET', path, headers, ids: ITEMS - 200 });
  const shapes: Shape[] = [
    get('/item?id=eq.{id}&select=id,name,price'),
    get('/item?id=eq.{id}&select=id,name,purchase(id,quantity)'),
    get('/item?id=gte.{id}&order=id&limit=20'),
    {
      method: 'POST',
      path: '/event',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: '{"kind":"x","payload":{}}',
      ids: 1,
    },
  ];
  const residentMb = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${service.process.pid}/status`, 'utf8'))![1]) / 1024;
  process.stdout.write(`| requests | resident MB |\n|--:|--:|\n| 0 | ${(await residentMb()).toFixed(0)} |\n`);
  let done = 0;
  let next = total / 10;
  for (let turn = 0; done < total; turn++) {
    const load = await runWrk(service.origin, shapes[turn % shapes.length]!, 32, 2, tmpdir());
    if (load.failed > 0) throw new Error(`${load.failed} requests failed`);
    done += load.requestsPerSecond * 2;
    if (done < next) continue;
    next += total / 10;
    process.stdout.write(
      `| ${Math.round(done).toLocaleString('en')} | ${(await residentMb()).toFixed(0)} |\n`,
    );
  }
} finally {
  await service.stop();
}
