import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpareTime } from './spareTime.ts';

it('tells a waiting event loop from one that always has work', async () => {
  const spareTime = new SpareTime();
  await sleep(100);
  assert.equal(spareTime.isLeft(Date.now()), true);
  for (const end = performance.now() + 300; performance.now() < end; ) await Promise.resolve();
  assert.equal(spareTime.isLeft(Date.now()), false);
  await sleep(600);
  assert.equal(spareTime.isLeft(Date.now()), true);
});
