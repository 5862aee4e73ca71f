import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from './identity.ts';

describe('CRC-32C', () => {
  it("gives the standard's check value", () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  });
});
