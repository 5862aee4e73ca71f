import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError } from '../errors.ts';
import { createScram, prepareSasl } from './scram.ts';

describe('SCRAM', () => {
  it('prepares passwords as the server does', () => {
    assert.equal(prepareSasl('plain'), 'plain');
    assert.equal(prepareSasl('a\u00a0b\u00adc'), 'a bc');
    assert.equal(prepareSasl('\u2168'), 'IX');
    assert.equal(prepareSasl('a\u0007b'), 'a\u0007b');
  });

  it('says whether it could have bound the channel', () => {
    assert.match(createScram('p', null, false).first, /^n,,n=,r=/);
    assert.match(createScram('p', null, true).first, /^y,,n=,r=/);
    assert.match(createScram('p', Buffer.alloc(32), true).first, /^p=tls-server-end-point,,n=,r=/);
  });

  it('refuses a challenge for another nonce, without salt, or with absurd work', async () => {
    const scram = createScram('p', null, false);
    const nonce = scram.first.split('r=')[1]!;
    for (const challenge of [
      'r=other,s=c2FsdA==,i=4096',
      `r=${nonce},s=c2FsdA==,i=4096`,
      `r=${nonce}x,s=,i=4096`,
      `r=${nonce}x,s=c2FsdA==,i=0`,
      `r=${nonce}x,s=c2FsdA==,i=999999999`,
      '',
    ]) {
      await assert.rejects(scram.answer(challenge), ConnectionError, challenge);
    }
  });

  it('refuses a server that does not know the password', async () => {
    const scram = createScram('p', null, false);
    const nonce = scram.first.split('r=')[1]!;
    await scram.answer(`r=${nonce}server,s=c2FsdA==,i=4096`);
    assert.throws(() => scram.verify(`v=${Buffer.alloc(32).toString('base64')}`), ConnectionError);
    assert.throws(() => scram.verify('e=invalid-proof'), ConnectionError);
  });
});
