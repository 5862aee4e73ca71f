/**
 * The long run of the fuzzer, with everything beyond the reference turned on. Usage: npm run bench -- rest/fuzz [--count 200000] [--seed N]
 * Prints statuses, error codes and findings; exits 1 when there is a finding.
 */
import { parseArgs } from 'node:util';
import { generateBeyond } from '../test/fuzz/beyond.ts';
import { fuzz } from '../test/fuzz/run.ts';
import { startTarget } from '../test/fuzz/target.ts';
import { allBeyond } from '../test/support/beyond.ts';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '200000' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const count = Number(values.count);
const target = await startTarget(allBeyond);
try {
  const startedAt = performance.now();
  const report = await fuzz(target.handler, target.catalog, {
    seed,
    count,
    generate: generateBeyond,
    onProgress: done => process.stderr.write(`${done} of ${count}\n`),
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const list = (counts: ReadonlyMap<number | string, number>) =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([name, n]) => `${name} × ${n}`)
      .join(', '); // prettier-ignore
  process.stdout.write(`seed ${seed}: ${report.requests} requests in ${seconds.toFixed(0)} s\n`);
  process.stdout.write(`statuses: ${list(report.statuses)}\ncodes: ${list(report.codes)}\n`);
  process.stdout.write(`${report.findings.length} findings\n`);
  for (const { request, problem } of report.findings)
    process.stdout.write(`${JSON.stringify(request)}\n  ${problem}\n`);
  process.exitCode = report.findings.length > 0 ? 1 : 0;
} finally {
  await target.close();
}
