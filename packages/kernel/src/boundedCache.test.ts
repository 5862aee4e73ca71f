import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BoundedCache } from './boundedCache.ts';

describe('a bounded cache', () => {
  it('keeps what is used, as far as entries and bytes allow', () => {
    let evicted = 0;
    const cache = new BoundedCache<number>({ maxEntries: 3, maxBytes: 100, onEvict: () => evicted++ });
    for (const [key, bytes] of [
      ['a', 10],
      ['b', 10],
      ['c', 10],
    ] as const)
      cache.set(key, bytes, bytes);
    assert.equal(cache.get('a'), 10);
    cache.set('d', 10, 10);
    assert.deepEqual(
      [cache.get('a'), cache.get('b'), cache.size, cache.bytes, evicted],
      [10, undefined, 3, 30, 1],
    );
    cache.set('large', 1, 95);
    assert.deepEqual([cache.size, cache.bytes], [1, 95]);
    cache.set('too large', 1, 101);
    assert.equal(cache.get('too large'), undefined);
    assert.equal(cache.get('large'), 1);
    cache.set('large', 2, 5);
    assert.deepEqual([cache.get('large'), cache.bytes], [2, 5]);
    cache.delete('large');
    assert.deepEqual([cache.size, cache.bytes], [0, 0]);
  });

  it('keeps nothing where nothing may be kept', () => {
    const cache = new BoundedCache<number>({ maxEntries: 0, maxBytes: 100 });
    cache.set('a', 1, 1);
    assert.equal(cache.get('a'), undefined);
  });
});
