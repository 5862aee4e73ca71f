import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BodyCollector } from './bodyCollector.ts';

const megabyte = 1024 * 1024;

/** A body of that many bytes in chunks of 64 KB. */
function collect(bytes: number, announced?: number): Buffer {
  const collector = new BodyCollector(announced);
  for (let at = 0; at < bytes; at += 65_536) {
    collector.add(Buffer.alloc(Math.min(65_536, bytes - at), at / 65_536));
  }
  return collector.finish();
}

describe('a body that comes in chunks', () => {
  it('is the same whatever was announced', () => {
    for (const bytes of [0, 1, 65_536, 65_537, megabyte, 5 * megabyte + 1]) {
      const whole = collect(bytes);
      assert.equal(whole.length, bytes);
      for (const announced of [1, bytes, bytes * 2]) assert.ok(collect(bytes, announced).equals(whole));
    }
  });

  it('takes no memory for what was announced until much of it is there', () => {
    assert.ok(collect(megabyte, 100 * megabyte).buffer.byteLength <= 2 * megabyte);
    assert.equal(collect(5 * megabyte, 5 * megabyte).buffer.byteLength, 5 * megabyte);
  });
});
