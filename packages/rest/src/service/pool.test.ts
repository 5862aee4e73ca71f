import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sharedLaneSize } from './pool.ts';

describe('the lane for short reads', () => {
  it('has a connection a processor, within a third of the pool', () => {
    assert.equal(sharedLaneSize(10, 2), 2);
    assert.equal(sharedLaneSize(32, 8), 8);
    assert.equal(sharedLaneSize(10, 64), 3);
  });

  it('keeps two at least, and leaves a tiny pool whole', () => {
    assert.equal(sharedLaneSize(4, 1), 2);
    assert.equal(sharedLaneSize(3, 8), 0);
  });
});
