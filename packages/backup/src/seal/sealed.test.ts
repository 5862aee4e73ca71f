import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { BackupError } from '../errors.ts';
import { createKeyring, generateKey, parseKey } from './keys.ts';
import { seal, unseal } from './sealed.ts';

const key = parseKey(generateKey())!;
const other = parseKey(generateKey())!;
const plain = createKeyring([], false);
const encrypting = createKeyring([key], true);
const name = '7/base/x';
const maxBytes = 64 * 1024 * 1024;
const code = (promise: Promise<unknown>, wanted: string) =>
  assert.rejects(promise, (error: BackupError) => error.code === wanted);

describe('an object in the store', () => {
  for (const [how, keys] of [
    ['plain', plain],
    ['encrypted', encrypting],
  ] as const) {
    it(`comes back as it was, whatever its length (${how})`, async () => {
      for (const size of [0, 1, 1_048_575, 1_048_576, 1_048_577, 3_000_000]) {
        for (const compress of [true, false]) {
          const bytes = randomBytes(size);
          const sealed = await seal(bytes, { name, key: keys.current, compress });
          assert.deepEqual(await unseal(sealed, { name, keys, maxBytes }), bytes);
        }
      }
    });

    it(`is not taken where a bit is another, its end is missing, more follows, frames changed places or its name is another’s (${how})`, async () => {
      const sealed = await seal(randomBytes(2_500_000), { name, key: keys.current, compress: false });
      const frame = 4 + 1_048_576 + 16;
      for (const at of [4, 9, 20, 33, 40, 1_000_000, sealed.length - 1]) {
        const changed = Buffer.from(sealed);
        changed[at]! ^= 1;
        await assert.rejects(
          unseal(changed, { name, keys, maxBytes }),
          (error: BackupError) => /CORRUPT|KEY/.test(error.code),
          `byte ${at}`,
        );
      }
      for (const length of [0, 10, 32, 32 + frame, 32 + 2 * frame, sealed.length - 1])
        await code(unseal(sealed.subarray(0, length), { name, keys, maxBytes }), 'CORRUPT');
      await code(unseal(Buffer.concat([sealed, Buffer.from('x')]), { name, keys, maxBytes }), 'CORRUPT');
      const swapped = Buffer.concat([
        sealed.subarray(0, 32),
        sealed.subarray(32 + frame, 32 + 2 * frame),
        sealed.subarray(32, 32 + frame),
        sealed.subarray(32 + 2 * frame),
      ]);
      await code(unseal(swapped, { name, keys, maxBytes }), 'CORRUPT');
      await code(unseal(sealed, { name: '7/base/y', keys, maxBytes }), 'CORRUPT');
    });
  }

  it('shows nothing of what it holds when it is encrypted, and never the same bytes twice', async () => {
    const text = Buffer.from('the secret of the house '.repeat(100));
    const [one, two] = await Promise.all([1, 2].map(() => seal(text, { name, key, compress: false })));
    assert.ok(!one!.includes('secret') && !one!.equals(two!));
  });

  it('is read with an older key beside the new one, and asks for the key where it is another or absent', async () => {
    const sealed = await seal(Buffer.from('x'), { name, key });
    assert.equal(
      String(await unseal(sealed, { name, keys: createKeyring([other, key], true), maxBytes })),
      'x',
    );
    await code(unseal(sealed, { name, keys: createKeyring([other], true), maxBytes }), 'KEY');
    await code(unseal(sealed, { name, keys: plain, maxBytes }), 'KEY');
  });

  it('in plain text is not taken for ours where everything is encrypted', async () => {
    const sealed = await seal(Buffer.from('x'), { name });
    await code(unseal(sealed, { name, keys: encrypting, maxBytes }), 'CORRUPT');
  });

  it('cannot be a bomb', async () => {
    const sealed = await seal(Buffer.alloc(5_000_000), { name });
    assert.ok(sealed.length < 5000);
    await code(unseal(sealed, { name, keys: plain, maxBytes: 1_000_000 }), 'CORRUPT');
  });
});
