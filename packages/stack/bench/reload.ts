/**
 * Changes the schema of a whole stack with many relations under constant requests through the gateway: each change makes
 * the API load its catalog again, and no request may fail meanwhile.
 *
 *   node packages/stack/bench/reload.ts [--relations 10000] [--rounds 10]
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { median, temporaryFolder } from './parts/cli.ts';
import { reloadRounds } from './parts/reloadRounds.ts';

const { values } = parseArgs({
  options: {
    relations: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '10' },
    port: { type: 'string', default: '22000' },
  },
});
const folder = temporaryFolder('peakstone-reload-');
try {
  const began = performance.now();
  const report = await reloadRounds({
    folder,
    portBase: Number(values.port),
    relations: Number(values.relations),
    rounds: Number(values.rounds),
    onRound: (round, { requests, failed, servedMs }) =>
      process.stderr.write(
        `round ${round}: served after ${(servedMs / 1000).toFixed(2)} s, ${requests} requests so far, ${failed} failed\n`,
      ),
  });
  const sorted = report.latenciesMs.toSorted((a, b) => a - b);
  const quantile = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1);
  console.log(`relations                ${values.relations}`);
  console.log(`reloads, by DDL          ${values.rounds}`);
  console.log(`requests meanwhile       ${report.requests}`);
  console.log(`failed requests          ${report.failed}`);
  console.log(
    `change to served         ${(median(report.servedMs) / 1000).toFixed(2)} s (longest ${(Math.max(...report.servedMs) / 1000).toFixed(2)} s)`,
  );
  console.log(`a request takes          ${quantile(0.5)} ms (p99 ${quantile(0.99)}, longest ${quantile(1)})`);
  console.log(`the whole bench          ${((performance.now() - began) / 1000).toFixed(0)} s`);
  if (report.failed > 0) {
    console.log(`the first that failed    ${report.firstFailure}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
