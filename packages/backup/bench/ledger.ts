/**
 * `npm run bench -- backup/ledger [--kills 50] [--restores 20] [--seed 1]`
 *
 * Writes all the time, kills server and backup service with SIGKILL in turn, then restores to random moments, and holds each
 * restored database against the book of what was acknowledged by then: the promise is 0 missing and 0 too many.
 */
import { parseArgs } from 'node:util';
import { keepLedger } from '../test/ledger.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    restores: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const result = await keepLedger({
  kills: Number(values.kills),
  restores: Number(values.restores),
  seed: Number(values.seed),
  say: text => void process.stderr.write(`${text}\n`),
});
const sum = (of: 'missing' | 'surplus'): number =>
  result.restores.reduce((total, each) => total + each[of], 0);
const times = result.restores.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
process.stdout.write(
  `${values.kills} kills, ${result.acknowledged} rows acknowledged (${result.unknown} unknown), ${result.backups} backups kept; ${times.length} restores: ${sum('missing')} missing, ${sum('surplus')} too many; median ${times[Math.floor(times.length / 2)]} ms\n`,
);
process.exitCode = sum('missing') + sum('surplus') === 0 ? 0 : 1;
