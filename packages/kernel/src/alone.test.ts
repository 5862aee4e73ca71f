import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { introduce, usualHost } from './alone.ts';

describe('a service by itself', () => {
  const guard = { by: 'SECRET', isSet: false, otherwise: 'do everything' };
  const of = { what: 'Things', url: 'http://x:1', loopbackSetting: 'HOST=127.0.0.1' };

  it('listens everywhere where strangers need a secret, else on this machine alone', () => {
    assert.equal(usualHost({ isSet: true }), '0.0.0.0');
    assert.equal(usualHost({ isSet: true }, '::'), '::');
    assert.equal(usualHost(guard), '127.0.0.1');
  });

  it('says what it serves, where, and how that is secured', () => {
    assert.equal(introduce({ ...of, host: '::1' }), 'Things at http://x:1, for this machine alone.');
    assert.equal(
      introduce({ ...of, host: '0.0.0.0', guard: { ...guard, isSet: true } }),
      'Things at http://x:1, on every network of this machine, secured by SECRET.',
    );
    assert.equal(
      introduce({ ...of, host: '127.0.0.1', guard }),
      'Things at http://x:1, for this machine alone: without SECRET, whoever asks may do everything.',
    );
    for (const host of ['0.0.0.0', '::', 'eth.example.com', '192.168.1.7'])
      assert.equal(
        introduce({ ...of, host, guard }),
        '! Things at http://x:1, on every network of this machine, where whoever reaches it may do everything. Set SECRET, or keep it to this machine: HOST=127.0.0.1',
      );
  });
});
