import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fuzz } from './run.ts';
import { startWorld } from './world.ts';

it('made-up operations are answered or refused, and tell nobody what he may not see', async () => {
  const server = await startWorld();
  try {
    const report = await fuzz(server, { seed: 20261128, count: 3000 });
    assert.deepEqual(report.findings, []);
    // The generator must reach past validation, or it proves nothing.
    assert.ok(report.answered > report.operations / 8, `only ${report.answered} gave data`);
  } finally {
    await server.stop();
  }
});
