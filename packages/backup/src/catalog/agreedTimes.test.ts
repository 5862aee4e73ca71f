import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agreedTimes } from './agreedTimes.ts';

describe('times of what is listed in order', () => {
  it('are their own where no clock was wrong', () => {
    assert.deepEqual(agreedTimes([]), []);
    assert.deepEqual(agreedTimes([5]), [5]);
    assert.deepEqual(agreedTimes([1, 2, 2, 7]), [1, 2, 2, 7]);
  });

  it('are those of the others where one clock was ahead, or behind, of them', () => {
    assert.deepEqual(agreedTimes([1, 2, 90, 3, 4]), [1, 2, 3, 3, 4]);
    assert.deepEqual(agreedTimes([90, 1, 2, 3]), [1, 1, 2, 3]);
    assert.deepEqual(agreedTimes([10, 11, 1, 12]), [10, 11, 12, 12]);
    assert.deepEqual(agreedTimes([10, 11, 1]), [10, 11, 11]);
  });

  it('are those of the later one where two contradict each other and nobody else says anything', () => {
    assert.deepEqual(agreedTimes([90, 1]), [1, 1]);
  });
});
