import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Ledger } from './ledger.ts';

/** `bench/ledger.ts` does a thousand. */
const rounds = 4;

describe('a server that is killed', () => {
  it('has everything that it acknowledged, whole, and no half of anything', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-ledger-'));
    try {
      const ledger = new Ledger(folder);
      for (let i = 0; i < rounds; i++) await ledger.round(8, 20 + i * 17);
      await ledger.finish();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
