import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderGrid, renderNotedGrid } from './grid.ts';

describe('cells under one another', () => {
  it('line up, whatever their letters and colours are', () => {
    assert.deepEqual(
      renderGrid([
        ['映画', 'a'],
        ['\u001b[1mfour\u001b[22m', ''],
        ['x', 'b'],
      ]),
      ['映画  a', '\u001b[1mfour\u001b[22m', 'x     b'],
    );
    assert.deepEqual(renderGrid([]), []);
  });

  it('may have notes under the last of them', () => {
    const below = (width: number) => [`→ ${width}`];
    assert.deepEqual(
      renderNotedGrid(
        [
          { cells: ['ok', 'ports', 'free'], below: () => [] },
          { cells: ['fail', 'disk', 'full'], below },
        ],
        40,
      ),
      ['ok    ports  free', 'fail  disk   full', '             → 27'],
    );
  });
});
