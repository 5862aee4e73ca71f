import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { temporaryFolder } from '../bench/parts/cli.ts';
import { crashRounds } from '../bench/parts/crashRounds.ts';

describe('a stack whose every process is killed during writes', () => {
  it('has lost no row that it acknowledged, and starts unaided', async t => {
    const folder = temporaryFolder('peakstone-crash-');
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const portBase = await reservePorts(4);
    // A few rounds here; the bench goes through a hundred.
    const report = await crashRounds({ folder, portBase, rounds: 3 });
    assert.equal(report.lost, 0);
    assert.equal(report.rounds, 3);
    t.diagnostic(`${report.acknowledged} rows acknowledged`);
  });
});
