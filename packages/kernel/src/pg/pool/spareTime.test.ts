import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@peakstone/testing';
import { SpareTime } from './spareTime.ts';

it('tells a waiting event loop from one that always has work', async () => {
  const spareTime = new SpareTime();
  const isLeft = () => spareTime.isLeft(Date.now());
  // Before its first turn the event loop measures nothing.
  await sleep(100);
  // On a busy machine the little work between two looks may take most of the time between them, now and then.
  await until(isLeft);
  for (const end = performance.now() + 300; performance.now() < end; ) await Promise.resolve();
  assert.equal(isLeft(), false);
  await until(isLeft);
});
