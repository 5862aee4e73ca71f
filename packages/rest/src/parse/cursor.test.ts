import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCursor, encodeCursor } from './cursor.ts';

describe('a cursor', () => {
  it('gives back what was put in, for the order it was made for', () => {
    const values = ['5', null, 'Ä"\\ \u2028', ''];
    const cursor = encodeCursor(JSON.stringify(values), 'order');
    assert.match(cursor, /^[\w-]+$/);
    assert.deepEqual(decodeCursor(cursor, 'order'), values);
    assert.throws(() => decodeCursor(cursor, 'other'), { code: 'PEAK100', status: 400 });
  });

  it('is refused with any character changed, dropped or added', () => {
    const cursor = encodeCursor('["5","x"]', 'order');
    for (let i = 0; i < cursor.length - 1; i++) {
      const other = cursor[i] === 'A' ? 'B' : 'A';
      for (const changed of [
        cursor.slice(0, i) + other + cursor.slice(i + 1),
        cursor.slice(0, i) + cursor.slice(i + 1),
      ]) {
        assert.throws(() => decodeCursor(changed, 'order'), { code: 'PEAK100' }, changed);
      }
    }
    for (const text of ['', ' ', 'a b', `${cursor}=`, '%', 'A'.repeat(10_000)]) {
      assert.throws(() => decodeCursor(text, 'order'), { code: 'PEAK100' });
    }
  });

  it('holds nothing but texts, whoever has made it', () => {
    for (const json of ['{}', '[1]', '[{}]', '[["x"]]', '"x"', '[', '']) {
      assert.throws(() => decodeCursor(encodeCursor(json, 'order'), 'order'), { code: 'PEAK100' }, json);
    }
  });
});
