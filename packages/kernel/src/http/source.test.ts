import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sourceOf } from './source.ts';

it('counts an IPv4 address, and an IPv6 network of 64 bits, as one source', () => {
  assert.equal(sourceOf('203.0.113.7'), '203.0.113.7');
  assert.equal(sourceOf(''), '');
  assert.equal(sourceOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(sourceOf('2001:db8::1'), '2001:db8:0:0');
  assert.equal(sourceOf('2001:db8:1:2::'), '2001:db8:1:2');
  assert.equal(sourceOf('::1'), '0:0:0:0');
  assert.equal(sourceOf('fe80::1%eth0'), 'fe80:0:0:0');
});
