import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { embeddedAddress, forbiddenKind } from './address.ts';

const strict = { allowLoopback: false, allowLinkLocal: false, allowPrivate: false };

describe('an address of a source', () => {
  it('that leads to this machine, its links or private networks is told apart, also inside of IPv6', () => {
    const kinds = {
      '127.0.0.1': 'loopback',
      '127.9.9.9': 'loopback',
      '0.0.0.0': 'loopback',
      '::1': 'loopback',
      '::': 'loopback',
      '::ffff:127.0.0.1': 'loopback',
      '::ffff:7f00:1': 'loopback',
      '::127.0.0.1': 'loopback',
      '2002:7f00:1::': 'loopback',
      '64:ff9b::7f00:1': 'loopback',
      '64:ff9b:1:7f00:0:100::': 'loopback',
      '2001:0:0:0:0:0:80ff:fffe': 'loopback',
      'fe80::5efe:7f00:1': 'loopback',
      '2001:db8::200:5efe:7f00:1': 'loopback',
      '169.254.169.254': 'linkLocal',
      '::ffff:169.254.169.254': 'linkLocal',
      'fe80::1': 'linkLocal',
      '10.0.0.1': 'private',
      '172.31.255.255': 'private',
      '192.168.1.1': 'private',
      '100.64.0.1': 'private',
      'fd00::1': 'private',
      '64:ff9b::a00:1': 'private',
    };
    for (const [address, kind] of Object.entries(kinds))
      assert.equal(forbiddenKind(address, strict), kind, address);
  });

  it('of the world is nobody’s', () => {
    for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::808:808'])
      assert.equal(forbiddenKind(address, strict), undefined, address);
  });

  it('may be what the settings allow', () => {
    assert.equal(forbiddenKind('127.0.0.1', { ...strict, allowLoopback: true }), undefined);
    assert.equal(forbiddenKind('10.0.0.1', { ...strict, allowLoopback: true }), 'private');
  });

  it('in IPv6 that stands for no other is itself', () => {
    assert.equal(embeddedAddress('2606:4700::1111'), undefined);
    assert.equal(embeddedAddress('8.8.8.8'), undefined);
  });
});
