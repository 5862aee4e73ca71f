/**
 * What visitors who ask for the root document cost their neighbours: 5,000 tables, 20 requests at once, from a process of
 * their own, while another client reads one row over and over.
 * Usage: npm run bench -- rest/document [--tables 5000] [--requests 20]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { startBenchService, untilReady } from './parts/service.ts';

const { values, positionals } = parseArgs({
  options: { tables: { type: 'string', default: '5000' }, requests: { type: 'string', default: '20' } },
  allowPositionals: true,
});

/** Reads an answer to its end. @returns its bytes. */
function get(url: string, authorization: string, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { ...(agent ? { agent } : {}), headers: { authorization } }, response => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes)).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

async function ask(origin: string, authorization: string): Promise<void> {
  const asked = Array.from({ length: Number(values.requests) }, () => get(`${origin}/`, authorization));
  const [bytes = 0] = await Promise.all(asked);
  process.send?.(bytes);
}

async function measure(): Promise<void> {
  const service = await startBenchService();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const authorization = `Bearer ${service.token}`;
    const make = (from: number, to: number): string =>
      `do $$ begin for i in ${from}..${to} loop execute format('create table api.big_%s (id int primary key, parent int, a text, b text, c timestamptz, d jsonb)', i); execute format('grant all on api.big_%s to bench_user', i); end loop; end $$`;
    // In several transactions: each table takes locks.
    for (let from = 1; from <= Number(values.tables); from += 500)
      await service.admin.script(make(from, from + 499));
    await service.admin.script('notify pgrst');
    await untilReady(service.origin, service.token, `/big_${values.tables}`);
    console.log(
      '| round | bytes each | seconds | neighbour, ms: median | p99 | worst |\n|---|--:|--:|--:|--:|--:|',
    );
    for (const round of ['first', 'second']) {
      const startedAt = performance.now();
      let bytes = 0;
      let isDone = false;
      const child = fork(import.meta.filename, ['ask', service.origin, authorization]);
      child.on('message', message => {
        bytes = Number(message);
      });
      void once(child, 'exit').then(() => {
        isDone = true;
      });
      const times: number[] = [];
      while (!isDone) {
        const sentAt = performance.now();
        await get(`${service.origin}/item?id=eq.7`, authorization, agent);
        times.push(performance.now() - sentAt);
      }
      times.sort((a, b) => a - b);
      const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(
        `| ${round} | ${bytes.toLocaleString('en')} | ${seconds} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`,
      );
    }
  } finally {
    agent.destroy();
    await service.stop();
  }
}

const [command, origin = '', authorization = ''] = positionals;
if (command === 'ask') await ask(origin, authorization).finally(() => process.disconnect?.());
else await measure();
