/**
 * `node packages/database/bench/crash.ts [--rounds 100] [--write-ms 300] [--victim postmaster|parent|both]`
 *
 * Kills PostgreSQL, its parent, or both (in turn by default) with SIGKILL during writes, again and again on one data
 * folder, and prints how many acknowledged rows were lost: the promise is 0.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crashRound, type Victim } from '../test/crash.ts';
import { remove, temporaryFolder } from '../test/support.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    'write-ms': { type: 'string', default: '300' },
    victim: { type: 'string' },
  },
});
const VICTIMS: readonly Victim[] = ['postmaster', 'parent', 'both'];
const victims = VICTIMS.filter(victim => values.victim === undefined || victim === values.victim);
if (victims.length === 0) throw new TypeError(`--victim must be one of ${VICTIMS.join(', ')}`);

const folder = temporaryFolder();
const recoveries: number[] = [];
let acknowledged = 0;
let lost = 0;
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    // Between half and one and a half of the time, so that kills meet every phase of a commit and of a checkpoint.
    const writeMs = Number(values['write-ms']) * (0.5 + Math.random());
    const result = await crashRound(
      path.join(folder, 'postgres'),
      victims[round % victims.length] as Victim,
      writeMs,
    );
    acknowledged += result.acknowledged;
    lost += result.lost;
    recoveries.push(result.recoveryMs);
  }
} finally {
  remove(folder);
}
recoveries.sort((a, b) => a - b);
const at = (share: number) =>
  `${Math.round(recoveries[Math.floor((recoveries.length - 1) * share)] ?? 0)} ms`;
process.stdout.write(
  `${recoveries.length} kills, ${acknowledged} rows acknowledged, ${lost} lost; start after a kill: median ${at(0.5)}, slowest ${at(1)}\n`,
);
process.exit(lost === 0 ? 0 : 1);
