import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArray } from './array.ts';

describe('reading an array', () => {
  it('knows nulls, quotes, escapes, dimensions and bounds', () => {
    assert.deepEqual(parseArray('{}'), []);
    assert.deepEqual(parseArray('{1,-2.5,NULL,"NULL",""}'), ['1', '-2.5', null, 'NULL', '']);
    assert.deepEqual(parseArray('{"a \\"b\\", {c}\\\\",ü😀}'), ['a "b", {c}\\', 'ü😀']);
    assert.deepEqual(parseArray('{{1,2},{3,NULL}}'), [
      ['1', '2'],
      ['3', null],
    ]);
    assert.deepEqual(parseArray('[0:1][-1:-1]={{1},{2}}'), [['1'], ['2']]);
  });

  it('takes nothing else for one', () => {
    for (const text of ['', '1,2', '{1', '{1}}', '{1}x', '{'.repeat(100_000), '"a"', '{"a'])
      assert.equal(parseArray(text), null, text.slice(0, 20));
  });
});
