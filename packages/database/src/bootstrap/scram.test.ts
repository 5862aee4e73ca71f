import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchesVerifier, scramVerifier } from './scram.ts';

describe('a password verifier', () => {
  it('matches its password and no other', () => {
    const verifier = scramVerifier('secret');
    assert.match(
      verifier,
      /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/,
    );
    assert.equal(matchesVerifier('secret', verifier), true);
    assert.equal(matchesVerifier('Secret', verifier), false);
  });

  it('is salted anew each time', () => {
    assert.notEqual(scramVerifier('secret'), scramVerifier('secret'));
  });

  it('is never an md5 hash or nothing', () => {
    assert.equal(matchesVerifier('secret', 'md5d41d8cd98f00b204e9800998ecf8427e'), false);
    assert.equal(matchesVerifier('', null), false);
  });
});
