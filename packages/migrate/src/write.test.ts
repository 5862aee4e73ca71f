import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { writeMigration } from './write.ts';

describe('a new migration', () => {
  it('has a version of its own, also in the second of another', async test => {
    const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-write-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const now = new Date('2026-11-28T23:59:59.500Z');
    assert.equal(await writeMigration(folder, 'one', 'select 1;\n', now), '20261128235959_one.sql');
    assert.equal(await writeMigration(folder, 'two', 'select 2;\n', now), '20261129000000_two.sql');
    assert.equal(await writeMigration(folder, '', 'select 3;\n', now), '20261129000001.sql');
  });
});
