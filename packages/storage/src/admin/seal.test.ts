import assert from 'node:assert/strict';
import { it } from 'node:test';
import { seal, unseal } from './seal.ts';

/** Made by madmin's EncryptData. */
const recorded =
  '5bc87d2e55e81ab10526b2990c0a0789c1086137d68d47600689c9f12787414f0020da7c6a2b5137449f1f8b97dca26f3058ee69c529190e258c931aa1f03d32fb848eabed76e9721825919a821b81cdb402';

it('a body that mc has sealed is opened by its secret and by no other', async () => {
  const sealed = Buffer.from(recorded, 'hex');
  assert.equal((await unseal('a secret key', sealed))!.toString(), '{"secretKey":"of a user"}');
  assert.equal(await unseal('another key', sealed), undefined);
});

it('a sealed body comes back whole, and not when a piece of it is missing or changed', async () => {
  for (const length of [0, 1, 16 * 1024, 40_000]) {
    const sealed = await seal('secret', Buffer.alloc(length, 7));
    assert.deepEqual(await unseal('secret', sealed), Buffer.alloc(length, 7));
  }
  const sealed = await seal('secret', Buffer.alloc(40_000, 7));
  const fragment = 16 * 1024 + 16;
  assert.equal(await unseal('secret', sealed.subarray(0, 41 + fragment)), undefined);
  sealed[100]! ^= 1;
  assert.equal(await unseal('secret', sealed), undefined);
});
