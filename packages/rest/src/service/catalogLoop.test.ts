import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextCoolDown } from './catalogLoop.ts';

describe('the pause between two loads of the catalog', () => {
  it('grows while a script goes on, and no further than two seconds', () => {
    let pauseMs = 100;
    const pauses = Array.from({ length: 6 }, () => (pauseMs = nextCoolDown(pauseMs, 40)));
    assert.deepEqual(pauses, [200, 400, 800, 1600, 2000, 2000]);
  });

  it('is short for who changes one thing after the other by hand, even behind a script', () => {
    assert.equal(nextCoolDown(100, 1), 100);
    assert.equal(nextCoolDown(2000, 2), 100);
  });
});
