/**
 * How even answers are at half load: the throughput at 32 clients is measured, then requests arrive at half that rate.
 * Usage: npm run bench -- rest/latency [--seconds 5] [--rounds 3]. Needs wrk.
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { runWrk } from './parts/load.ts';
import { runOpenLoop } from './parts/openLoop.ts';
import { ITEMS, startBenchService } from './parts/service.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' } },
});
const seconds = Number(values.seconds);
const service = await startBenchService();
try {
  const headers = { Authorization: `Bearer ${service.token}` };
  const path = '/item?id=eq.{id}&select=id,name,price';
  const render = () =>
    `GET ${path.replace('{id}', String(1 + Math.floor(Math.random() * ITEMS)))} HTTP/1.1\r\nHost: bench\r\nAuthorization: ${headers.Authorization}\r\n\r\n`;
  process.stdout.write(
    '| full load /s | half load /s | p50 ms | p99 ms | p99 / p50 |\n|--:|--:|--:|--:|--:|\n',
  );
  await runWrk(service.origin, { method: 'GET', path, headers, ids: ITEMS }, 32, 2, tmpdir());
  for (let round = 0; round < Number(values.rounds); round++) {
    const full = await runWrk(
      service.origin,
      { method: 'GET', path, headers, ids: ITEMS },
      32,
      seconds,
      tmpdir(),
    );
    const half = await runOpenLoop(service.origin, render, {
      rate: full.requestsPerSecond / 2,
      seconds,
      connections: 32,
    });
    if (half.failed > 0) throw new Error(`${half.failed} requests failed`);
    const figures = [full.requestsPerSecond, half.requestsPerSecond].map(figure =>
      Math.round(figure).toLocaleString('en'),
    );
    const latencies = [half.p50Ms, half.p99Ms, half.p99Ms / half.p50Ms].map(figure => figure.toFixed(2));
    process.stdout.write(`| ${[...figures, ...latencies].join(' | ')} |\n`);
  }
} finally {
  await service.stop();
}
