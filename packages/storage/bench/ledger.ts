/**
 * `npm run bench -- storage/bench/ledger [ROUNDS]`: kills a server so many times (default 1,000) in the midst of concurrent
 * writes, and looks at everything that it had acknowledged after each.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ledger } from '../test/ledger.ts';

const rounds = Number(process.argv[2] ?? 1000);
const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-ledger-'));
try {
  const ledger = new Ledger(folder);
  for (let i = 1; i <= rounds; i++) {
    await ledger.round(8, randomInt(1, 60));
    if (i % 50 === 0) process.stderr.write(`${i} kills, ${ledger.acknowledged} acknowledged\n`);
  }
  await ledger.finish();
  console.log(`${rounds} kills, ${ledger.acknowledged} writes acknowledged, nothing lost, no orphan`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
