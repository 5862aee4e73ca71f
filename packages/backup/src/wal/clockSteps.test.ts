import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClockStep } from '../catalog/clockSteps.ts';
import { ClockSteps } from './clockSteps.ts';

const stepsIn = (times: readonly number[]): ClockStep[] => {
  const told: ClockStep[] = [];
  const steps = new ClockSteps(step => told.push(step));
  times.forEach((at, index) => void steps.hear(at, BigInt(index)));
  return told;
};

describe('a clock that was put back', () => {
  it('is not seen where sessions only end in another order than they are written in', () => {
    assert.deepEqual(stepsIn([5000, 5200, 4700, 5300, 9000]), []);
  });

  it('is seen where it was, with the times that are there twice', () => {
    assert.deepEqual(stepsIn([1000, 7_200_000, 2000, 3000, 7_300_000, 7_200_000]), [
      { lsn: 2n, ahead: 7_200_000, back: 2000 },
      { lsn: 5n, ahead: 7_300_000, back: 7_200_000 },
    ]);
  });

  it('is one step where it goes back further before it has caught up', () => {
    assert.deepEqual(stepsIn([90_000, 50_000, 51_000, 40_000]), [
      { lsn: 1n, ahead: 90_000, back: 50_000 },
      { lsn: 1n, ahead: 90_000, back: 40_000 },
    ]);
  });
});
