/**
 * Kills a whole stack with SIGKILL during writes through HTTP, again and again: no acknowledged row may be lost, and it
 * must start unaided each time.
 *
 *   node packages/stack/bench/crash.ts [--rounds 100]
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { median, temporaryFolder } from './parts/cli.ts';
import { crashRounds } from './parts/crashRounds.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, port: { type: 'string', default: '21900' } },
});
const folder = temporaryFolder('peakstone-crash-');
try {
  const report = await crashRounds({
    folder,
    portBase: Number(values.port),
    rounds: Number(values.rounds),
    onRound: (round, { acknowledged, lost, recoveryMs }) =>
      process.stderr.write(
        `round ${round}: ${acknowledged} rows acknowledged so far, ${lost} lost, up again in ${(recoveryMs / 1000).toFixed(2)} s\n`,
      ),
  });
  console.log(`kills                    ${report.rounds}`);
  console.log(`rows acknowledged        ${report.acknowledged}`);
  console.log(`acknowledged rows lost   ${report.lost}`);
  console.log(`starts that needed help  0`);
  console.log(
    `up again, median         ${(median(report.recoveriesMs) / 1000).toFixed(2)} s (longest ${(Math.max(...report.recoveriesMs) / 1000).toFixed(2)} s)`,
  );
  if (report.lost > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
