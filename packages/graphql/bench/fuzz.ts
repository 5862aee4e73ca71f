/**
 * Made-up operations of three roles, among them mutations, malformed ones and wrong types: none may crash the server, be
 * answered as its fault, or tell a role what it may not see.
 *
 * Usage: npm run bench -- graphql/fuzz [--operations 200000] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/run.ts';
import { startWorld } from '../test/fuzz/world.ts';

const { values } = parseArgs({
  options: { operations: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } },
});
const server = await startWorld();
try {
  const startedAt = performance.now();
  const report = await fuzz(server, {
    seed: Number(values.seed),
    count: Number(values.operations),
    onProgress: done => console.error(`${done} operations`),
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${report.operations} operations in ${seconds} s, ${report.answered} gave data`);
  for (const [code, count] of [...report.codes].sort((a, b) => b[1] - a[1]))
    console.log(`  ${code}: ${count}`);
  for (const finding of report.findings) console.log(`\n${finding}`);
  if (report.findings.length > 0) process.exitCode = 1;
} finally {
  await server.stop();
}
