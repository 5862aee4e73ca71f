/** What is let go by age, on a store whose machine has a clock that jumps. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { addBackup, type Backup, backupId, claimName, listBackups } from '../src/catalog/backups.ts';
import { describeLeap, witnessTime } from '../src/catalog/clock.ts';
import { idsOf } from '../src/catalog/entries.ts';
import { keepTest, readProven } from '../src/catalog/tests.ts';
import { indexWal, writeSegment } from '../src/catalog/wal.ts';
import { createKeyring, openStore } from '../src/index.ts';
import { applyRetention } from '../src/retention.ts';
import { type HeldVault, openVault } from '../src/vault.ts';
import { held } from './lab.ts';

const segmentBytes = 1024 * 1024;
const day = 86_400_000;
const keep = { days: 7, fulls: 1 };

describe('a store whose machine’s clock is set months ahead', () => {
  let root = '';
  let vault: HeldVault;
  const now = new Date('2026-11-28T12:00:00Z');
  const at = (days: number) => new Date(now.getTime() + days * day);
  const ids = async () => (await listBackups(vault)).backups.map(({ id }) => id.slice(0, 8));
  before(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'peakstone-clock-'));
    const store = openStore({ kind: 'folder', folder: path.join(root, 'store') });
    const facts = { systemIdentifier: '7000000000000000001', segmentBytes, major: 17 };
    vault = held(await openVault(store, createKeyring([], false), facts));
    for (const days of [-20, -12, -6, -1]) {
      const segment = 100 + days;
      const lsn = `0/${(segment * segmentBytes).toString(16)}`;
      const [id, time] = [backupId(at(days), 'full'), at(days).toISOString()];
      const backup: Backup = {
        ...{ id, kind: 'full', parent: null, label: null, timeline: 1, startLsn: lsn, stopLsn: lsn },
        ...{ startedAt: time, endedAt: time, postgres: '17.10', checksums: true, parts: 0, bytes: 0 },
        storedBytes: 0,
      };
      await addBackup(vault, backup);
      await writeSegment(vault, 1, segment, Buffer.alloc(segmentBytes, segment));
    }
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it('keeps what it would have kept: by its own newest backup where nobody has looked at the clock before', async () => {
    // Somebody makes a backup, whose name is of the time before.
    const begun = claimName(backupId(at(0), 'full'));
    await vault.write(begun, Buffer.alloc(0));
    const time = await witnessTime(vault, at(180), { backups: (await listBackups(vault)).backups });
    const removed = await applyRetention(vault, keep, time);
    assert.equal(removed.backups.length, 1);
    assert.deepEqual(await ids(), ['20261116', '20261122', '20261127']);
    assert.deepEqual([...(await indexWal(vault)).whole.get(1)!], [88, 94, 99]);
    assert.equal((await vault.list(begun)).length, 1);
    assert.match(describeLeap(time, keep.days)!, /from 2026-11-27T12:00.* to 2027-05-27T12:00/);
  });

  it('says nothing of it any more once the clock is put right', async () => {
    const time = await witnessTime(vault, at(0), { backups: [] });
    assert.deepEqual(time, { at: at(0).getTime(), leaps: [] });
    assert.equal(describeLeap(time, keep.days), undefined);
  });

  it('counts the days that pass from then on, and keeps the one that is known to be good however old', async () => {
    const [oldest] = (await listBackups(vault)).backups;
    const result = {
      ...{ at: at(0).toISOString(), ok: true, backup: oldest!.id, text: '', tables: 0, rows: 0 },
      ...{ indexes: 0, lastTransactionAt: null, durationMs: 0 },
    };
    const order = idsOf((await listBackups(vault)).backups);
    await keepTest(vault, 'test', result, order);
    await keepTest(vault, 'test', { ...result, ok: false, backup: '20261127-120000F' }, order);
    assert.equal(await readProven(vault, 'test'), oldest!.id);
    let time = await witnessTime(vault, at(90), { backups: [] });
    for (let days = 90; days <= 100; days += 0.5) time = await witnessTime(vault, at(days), { backups: [] });
    await applyRetention(vault, keep, time);
    assert.deepEqual(await ids(), ['20261116', '20261127']);
    await keepTest(vault, 'test', { ...result, backup: '20261127-120000F' }, order);
    await applyRetention(vault, keep, time);
    assert.deepEqual(await ids(), ['20261127']);
  });
});

describe('a backup that was made while the clock was ahead', () => {
  it('is not known to be good for longer than until a newer one is', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'peakstone-ahead-'));
    try {
      const store = openStore({ kind: 'folder', folder: root });
      const facts = { systemIdentifier: '7000000000000000002', segmentBytes, major: 17 };
      const vault = held(await openVault(store, createKeyring([], false), facts));
      const result = {
        ...{ at: new Date(0).toISOString(), ok: true, text: '', tables: 0, rows: 0 },
        ...{ indexes: 0, lastTransactionAt: null, durationMs: 0 },
      };
      const made: string[] = [];
      // Seventy days ahead, then by the right clock, each found good.
      for (const [days, backup] of [
        [70, '20270206-084603F'],
        [0, '20261128-084613F'],
      ] as const) {
        const time = new Date(Date.parse('2026-11-28T08:46:03Z') + days * day).toISOString();
        await addBackup(vault, {
          ...{
            id: backup,
            kind: 'full',
            parent: null,
            label: null,
            timeline: 1,
            startLsn: '0/1',
            stopLsn: '0/2',
          },
          ...{ startedAt: time, endedAt: time, postgres: '17.10', checksums: true, parts: 0, bytes: 0 },
          storedBytes: 0,
        });
        made.push(backup);
        const order = idsOf((await listBackups(vault)).backups);
        assert.deepEqual(order, made);
        await keepTest(vault, 'test', { ...result, backup }, order);
        assert.equal(await readProven(vault, 'test'), backup);
      }
      // An older one that is tried again changes nothing.
      await keepTest(vault, 'test', { ...result, backup: made[0]! }, made);
      assert.equal(await readProven(vault, 'test'), made[1]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
