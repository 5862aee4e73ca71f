import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stackVersion } from '../src/definition.ts';
import { askControl, listenControl } from '../src/run/control.ts';
import { readStatusReply } from '../src/run/statusReply.ts';

describe('a command', () => {
  it('says how a stack is that an older version runs, and that it is one', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'peakstone-reply-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'control.sock');
    const rest = {
      name: 'rest',
      title: 'REST',
      engine: 'peakstone',
      state: 'healthy',
      reason: null,
      restarts: 2,
    };
    const old = {
      pid: 7,
      version: stackVersion,
      startedAt: '2026-01-01',
      data: '/x',
      healthy: true,
      services: [rest],
    };
    const control = await listenControl(path, async () => old as never);
    const found = await askControl(path, { command: 'status' });
    control.stopListening();
    assert.deepEqual(
      [found?.isOtherVersion, found?.off, found?.elsewhere, found?.services[0]?.outdatedSecrets],
      [true, [], {}, []],
    );
    assert.deepEqual([found?.services[0]?.restarts, found?.startedAt], [2, '2026-01-01']);
    const whole = { ...readStatusReply(old), version: stackVersion };
    assert.equal(readStatusReply(whole).isOtherVersion, false);
    assert.equal(readStatusReply({ ...whole, version: '0.0.1' }).isOtherVersion, true);
    for (const strange of [null, {}, { pid: 7 }, { pid: 7, services: [{}] }])
      assert.throws(() => readStatusReply(strange), { code: 'control', hint: /down, then peakstone up/ });
  });
});
