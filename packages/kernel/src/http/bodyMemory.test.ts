import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BodyMemory, type HeldBody } from './bodyMemory.ts';

const KB = 1024;

describe('the memory for bodies', () => {
  const cut = new Set<string>();
  const open = (memory: BodyMemory, source: string, bytes: number, now = 0): HeldBody => {
    const name = `${source} ${bytes}`;
    const body = memory.open(source, () => cut.add(name), now);
    memory.grow(body, bytes, now);
    return body;
  };

  it('is given back, once, when a request has been answered', () => {
    const memory = new BodyMemory(100 * KB);
    const body = open(memory, 'a', 60 * KB);
    memory.complete(body);
    assert.throws(() => open(memory, 'b', 60 * KB), { status: 503, headers: ['Retry-After', '1'] });
    memory.release(body);
    memory.release(body);
    assert.equal(memory.bytes, 0);
    open(memory, 'b', 60 * KB);
    assert.equal(memory.bytes, 60 * KB);
  });

  it('is taken first from what has stopped arriving, the longest first', () => {
    cut.clear();
    const memory = new BodyMemory(100 * KB);
    open(memory, 'slow', 30 * KB, 0);
    open(memory, 'slow', 31 * KB, 500);
    open(memory, 'quick', 32 * KB, 1900);
    open(memory, 'new', 20 * KB, 2000);
    assert.deepEqual([...cut], ['slow 30720']);
    assert.equal(memory.bytes, (31 + 32 + 20) * KB);
  });

  it('counts a trickle as stopped', () => {
    cut.clear();
    const memory = new BodyMemory(100 * KB);
    const trickle = open(memory, 'slow', 80 * KB, 0);
    for (let now = 100; now < 2000; now += 100) memory.grow(trickle, 1, now);
    open(memory, 'new', 40 * KB, 2000);
    assert.deepEqual([...cut], ['slow 81920']);
  });

  it('is taken from the source that holds most, never from one that holds less than the asking one', () => {
    cut.clear();
    const memory = new BodyMemory(100 * KB);
    for (const size of [30, 31, 32]) open(memory, 'greedy', size * KB);
    open(memory, 'modest', 20 * KB);
    assert.deepEqual([...cut], ['greedy 32768']);
    assert.throws(() => open(memory, 'greedy', 40 * KB), { status: 503 });
    assert.deepEqual([...cut], ['greedy 32768']);
  });

  it('is never taken from a body that has arrived', () => {
    cut.clear();
    const memory = new BodyMemory(100 * KB);
    memory.complete(open(memory, 'greedy', 90 * KB, 0));
    assert.throws(() => open(memory, 'modest', 20 * KB, 5000), { status: 503 });
    assert.equal(cut.size, 0);
  });
});
