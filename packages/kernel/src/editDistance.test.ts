import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editDistance } from './editDistance.ts';

describe('the distance between two words', () => {
  it('counts letters that were put in, left out or replaced', () => {
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('same', 'same'), 0);
  });

  it('takes two neighbours that changed places for one edit where swaps are asked for', () => {
    assert.equal(editDistance('stauts', 'status'), 2);
    assert.equal(editDistance('stauts', 'status', 'swaps'), 1);
    assert.equal(editDistance('ca', 'abc', 'swaps'), 3);
  });
});
