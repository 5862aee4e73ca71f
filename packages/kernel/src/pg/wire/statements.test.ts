import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StatementCache } from './statements.ts';
import { StatementWeights } from './weights.ts';

const cacheOf = (size: number, maxBytes: number): StatementCache =>
  new StatementCache(size, maxBytes, new StatementWeights(maxBytes / 4));

describe('keeping statements prepared', () => {
  it('drops what was not used lately and closes its name', () => {
    const cache = cacheOf(3, 1e9);
    const owner = {};
    const [a, b] = ['a', 'b', 'c'].map(text => cache.add(text, owner));
    cache.get('a');
    cache.add('d', owner);
    assert.equal(cache.count, 3);
    assert.equal(cache.get('a'), a);
    assert.equal(cache.get('b'), undefined);
    assert.deepEqual(cache.toClose, [b!.name]);
  });

  it('never uses a name twice', () => {
    const cache = cacheOf(1, 1e9);
    const names = new Set(Array.from({ length: 50 }, (_, i) => cache.add(`select ${i}`, {}).name));
    assert.equal(names.size, 50);
    assert.equal(cache.toClose.length, 49);
  });

  it('evicts an entry only once, and never its successor', () => {
    const cache = cacheOf(2, 1e9);
    const first = cache.add('a', {});
    cache.evict(first);
    cache.evict(first);
    const second = cache.add('a', {});
    cache.evict(first);
    assert.equal(cache.get('a'), second);
    assert.deepEqual(cache.toClose, [first.name]);
  });

  it('names what comes again, and never what is large', () => {
    const cache = cacheOf(10, 1e9);
    assert.deepEqual(
      ['a', 'b', 'a', 'c', 'b'].map(text => cache.admits(text)),
      [false, false, true, false, true],
    );
    const large = 'x'.repeat(20_000);
    assert.deepEqual([cache.admits(large), cache.admits(large)], [false, false]);
  });

  it('keeps no more than the server may hold for them', () => {
    const cache = cacheOf(10_000, 1_000_000);
    for (let i = 0; i < 1000; i++) cache.add(`${i}${'x'.repeat(1000 + (i % 7) * 1000)}`, {});
    assert.ok(cache.count > 1 && cache.bytes <= 1_000_000, `${cache.count} of ${cache.bytes} bytes`);
    cache.evictAll();
    assert.equal(cache.bytes, 0);
  });
});
