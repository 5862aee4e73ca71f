import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { isAlive, signalProcess, startTime } from './process.ts';

describe('another process', () => {
  it('is told from one that has ended, and from a later one of its id', async () => {
    const child = spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1000)']);
    await once(child, 'spawn');
    const pid = child.pid!;
    assert.equal(isAlive(pid), true);
    assert.match(startTime(pid) ?? '', /\S/);
    assert.equal(startTime(pid), startTime(pid));
    assert.equal(signalProcess(pid, 'SIGKILL'), true);
    await once(child, 'exit');
    assert.equal(isAlive(pid), false);
    assert.equal(startTime(pid), undefined);
    assert.equal(signalProcess(pid, 'SIGKILL'), false);
  });

  it('is none without a proper id', () => {
    for (const pid of [0, -1, 1.5, Number.NaN]) assert.equal(isAlive(pid), false);
  });
});
