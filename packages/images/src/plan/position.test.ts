import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnGravity } from './gravity.ts';
import { findPosition } from './position.ts';

const outer = { width: 100, height: 80 };
const inner = { width: 40, height: 40 };

describe('where a window lies', () => {
  it('counts offsets inward from its edge, in pixels from 1 and in shares below', () => {
    assert.deepEqual(findPosition(outer, inner, { type: 'soea', x: 5, y: 0.1 }, 1), { left: 55, top: 32 });
    assert.deepEqual(findPosition(outer, inner, { type: 'nowe', x: 5, y: 5 }, 2), { left: 10, top: 10 });
  });

  it('stays inside, unless it is a watermark, of which a pixel is seen', () => {
    assert.deepEqual(findPosition(outer, inner, { type: 'we', x: -50 }, 1), { left: 0, top: 20 });
    assert.deepEqual(findPosition(outer, inner, { type: 'we', x: -50 }, 1, true), { left: -39, top: 20 });
  });

  it('is around its point', () => {
    assert.deepEqual(findPosition(outer, inner, { type: 'fp', x: 0.5, y: 0 }, 1), { left: 30, top: 0 });
  });

  it('is turned back before the picture is turned', () => {
    assert.deepEqual(turnGravity({ type: 'no', x: 3, y: 4 }, 90, false, false), { type: 'we', x: 4, y: -3 });
    assert.deepEqual(turnGravity({ type: 'noea', x: 3, y: 4 }, 0, true, false), { type: 'nowe', x: 3, y: 4 });
    assert.deepEqual(turnGravity({ type: 'fp', x: 0.25, y: 0.5 }, 180, false, false), {
      type: 'fp',
      x: 0.75,
      y: 0.5,
    });
  });
});
