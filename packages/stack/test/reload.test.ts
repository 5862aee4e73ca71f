import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { temporaryFolder } from '../bench/parts/cli.ts';
import { reloadRounds } from '../bench/parts/reloadRounds.ts';

describe('a schema that changes under constant requests', () => {
  it('is served anew each time, and no request fails meanwhile', async t => {
    const folder = temporaryFolder('peakstone-reload-');
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const portBase = await reservePorts(4);
    // A few hundred relations here; the bench has ten thousand.
    const report = await reloadRounds({ folder, portBase, relations: 300, rounds: 3 });
    assert.equal(report.firstFailure, null);
    assert.equal(report.failed, 0);
    assert.equal(report.servedMs.length, 3);
    assert.ok(report.requests > 0);
  });
});
