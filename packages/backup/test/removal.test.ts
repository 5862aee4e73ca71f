/** Who may remove what is stored, and by what it is judged that something may go. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { until } from '@peakstone/testing';
import {
  addBackup,
  type Backup,
  backupId,
  claimName,
  listBackups,
  manifestName,
  partName,
} from '../src/catalog/backups.ts';
import { claimVault, holderOf, holdVault, RunningClaim } from '../src/catalog/claims.ts';
import { writePosition } from '../src/catalog/positions.ts';
import { writeSegment } from '../src/catalog/wal.ts';
import {
  type BackupError,
  type BackupEvent,
  createKeyring,
  generateKey,
  openStore,
  parseKey,
  readBackupConfig,
  readContents,
  type Store,
  startBackups,
  verifyBackups,
} from '../src/index.ts';
import { planRestore } from '../src/restore/plan.ts';
import { applyRetention } from '../src/retention.ts';
import { openVault, type Vault } from '../src/vault.ts';
import { held, type Lab, openLab } from './lab.ts';

const segmentBytes = 1024 * 1024;
const day = 86_400_000;
const now = Date.parse('2026-11-28T12:00:00Z');
const time = { at: now, leaps: [] };
const keep = { days: 0, fulls: 1 };
const writer = { id: 'a', host: 'here', folder: '/srv/shop' };
const other = { id: 'b', host: 'there', folder: '/srv/copy' };
const isCode = (code: string) => (error: BackupError) => {
  assert.equal(error.code, code, error.message);
  return true;
};

let root = '';
let places = 0;
before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'peakstone-removal-'));
});
after(() => rmSync(root, { recursive: true, force: true }));
const newStore = (): Store => openStore({ kind: 'folder', folder: path.join(root, String(places++)) });
const open = (store: Store): Promise<Vault> =>
  openVault(store, createKeyring([], false), {
    systemIdentifier: '7000000000000000001',
    segmentBytes,
    major: 17,
  });

/** A backup of so many days ago, with its objects and its WAL. */
async function addFull(vault: Vault, days: number): Promise<Backup> {
  const at = new Date(now - days * day);
  const segment = 100 - days;
  const lsn = `0/${(segment * segmentBytes).toString(16)}`;
  const id = backupId(at, 'full');
  const backup: Backup = {
    ...{ id, kind: 'full', parent: null, label: null, timeline: 1, startLsn: lsn, stopLsn: lsn },
    ...{ startedAt: at.toISOString(), endedAt: at.toISOString(), postgres: '17.10', checksums: true },
    ...{ parts: 1, bytes: 1, storedBytes: 1 },
  };
  for (const name of [claimName(id), partName(id, 0), manifestName(id)])
    await vault.write(name, Buffer.from('x'));
  for (let at = segment; at <= 100; at++) await writeSegment(vault, 1, at, Buffer.alloc(segmentBytes, at));
  await addBackup(vault, backup);
  return backup;
}
const ids = async (vault: Vault) => (await listBackups(vault)).backups.map(({ id }) => id);

describe('whoever removes backups', () => {
  let store: Store;
  let vault: Vault;
  beforeEach(async () => {
    store = newStore();
    vault = await open(store);
    await claimVault(vault, writer);
    for (const days of [9, 6, 3]) await addFull(vault, days);
  });

  it('removes none once another stack has taken over, be it a service or a command', async () => {
    const claim = new RunningClaim(writer);
    await claim.take(vault);
    const before = await ids(vault);
    await claimVault(vault, other, true);
    for (const holder of [claim, holderOf(writer)])
      await assert.rejects(applyRetention(holdVault(vault, holder), keep, time), isCode('FOREIGN'));
    assert.deepEqual(await ids(vault), before);
    await applyRetention(holdVault(vault, holderOf(other)), keep, time);
    assert.equal((await ids(vault)).length, 1);
  });

  it('looks right before each of them: nothing goes that is another’s since the one before', async () => {
    const claim = new RunningClaim(writer);
    await claim.take(vault);
    let removals = 0;
    const watched = await open({
      ...store,
      async delete(keys) {
        await store.delete(keys);
        if (++removals === 1) await claimVault(vault, other, true);
      },
    });
    await assert.rejects(applyRetention(holdVault(watched, claim), keep, time), isCode('FOREIGN'));
    assert.equal(removals, 1);
    assert.equal((await ids(vault)).length, 2);
  });

  it('removes the newest first, so that a kill in between leaves none whose parent is gone', async () => {
    const removed: string[] = [];
    const watched = await open({
      ...store,
      async delete(keys) {
        removed.push(...keys);
        await store.delete(keys);
      },
    });
    const all = await ids(vault);
    await applyRetention(held(watched), keep, time);
    const entries = removed.filter(key => key.includes('/catalog/')).map(key => key.split('/').at(-1));
    assert.deepEqual(entries, all.slice(0, 2).toReversed());
  });
});

describe('what is not listed', () => {
  let store: Store;
  let vault: Vault;
  const inThreeDays = { at: now + 3 * day, leaps: [] };
  const later = { at: now + 6 * day, leaps: [] };
  beforeEach(async () => {
    store = newStore();
    vault = await open(store);
  });
  const without = (part: string): Promise<Vault> =>
    open({
      ...store,
      list: async prefix => (await store.list(prefix)).filter(({ key }) => !key.includes(part)),
    });

  it('is not removed for that: its entry is there, or all its objects are', async () => {
    const first = await addFull(vault, 9);
    await addFull(vault, 3);
    for (const part of [`catalog/${first.id}`, `base/${first.id}/manifest`]) {
      const partial = held(await without(part));
      for (const at of [time, inThreeDays, later]) await applyRetention(partial, { days: 30, fulls: 2 }, at);
    }
    assert.equal((await ids(vault)).length, 2);
    // Its entry is lost, and it is whole: that is told, and nothing is removed.
    await held(vault).delete([`catalog/${first.id}`]);
    for (const at of [time, inThreeDays, later])
      await applyRetention(held(vault), { days: 30, fulls: 2 }, at);
    assert.equal((await vault.list(`base/${first.id}/`)).length, 3);
    const how = { deep: false, onEvent: () => undefined, signal: new AbortController().signal };
    const found = (await verifyBackups(vault, how)).backups.find(({ id }) => id === first.id);
    assert.match(found?.problems[0] ?? '', /has all its files and no entry/);
  });

  it('goes when it never became a backup, two days after the last object came, whatever its name says', async () => {
    await addFull(vault, 3);
    // By a clock that is years behind, and going on.
    const id = '20200101-000000F';
    await vault.write(claimName(id), Buffer.alloc(0));
    const at = (days: number) => ({ at: now + days * day, leaps: [] });
    await applyRetention(held(vault), keep, at(0));
    await vault.write(partName(id, 0), Buffer.from('x'));
    await applyRetention(held(vault), keep, at(3));
    assert.equal((await vault.list(`base/${id}/`)).length, 2);
    assert.deepEqual((await applyRetention(held(vault), keep, at(6))).backups, [id]);
    assert.deepEqual(await vault.list(`base/${id}/`), []);
  });

  it('goes when its removal was broken off', async () => {
    const first = await addFull(vault, 9);
    await addFull(vault, 3);
    let left = 1;
    const dying = await open({
      ...store,
      async delete(keys) {
        if (left-- === 0) throw new Error('killed');
        await store.delete(keys);
      },
    });
    await assert.rejects(applyRetention(held(dying), keep, time), /killed/);
    assert.equal((await ids(vault)).includes(first.id), false);
    assert.notDeepEqual(await vault.list(`base/${first.id}/`), []);
    await applyRetention(held(vault), keep, time);
    assert.deepEqual(await vault.list(`base/${first.id}/`), []);
  });

  it('and what cannot be read lets nothing else go, which is told', async () => {
    await addFull(vault, 9);
    const second = await addFull(vault, 3);
    await store.put(`${vault.systemIdentifier}/catalog/${second.id}`, Buffer.from('<html>not now</html>'));
    await assert.rejects(applyRetention(held(vault), keep, time), (error: BackupError) => {
      assert.match(
        error.message,
        /^Nothing is removed while something in the store cannot be read: \d+\/catalog\//,
      );
      return isCode('CORRUPT')(error);
    });
    await held(vault).delete([`catalog/${second.id}`]);
    await store.put(`${vault.systemIdentifier}/checks/proven-test`, Buffer.from('<html>not now</html>'));
    await assert.rejects(applyRetention(held(vault), keep, time), /which backup was found good/);
  });
});

describe('the service of a stack whose database is gone', () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab.close());

  it('lets nothing go once another one has taken over, and is ill, although it never reaches its database', async () => {
    const events: BackupEvent[] = [];
    const config = readBackupConfig(
      { BACKUP_STORE: lab.store.place, BACKUP_KEEP_DAYS: '0', BACKUP_KEEP_FULLS: '1', BACKUP_TEST: 'off' },
      '/',
    );
    const service = startBackups(config, {
      ...{ url: lab.url, writer: lab.writer },
      onEvent: event => events.push(event),
    });
    try {
      // With the WAL of before it, which is let go at once.
      await until(() => events.some(({ kind }) => kind === 'removed'));
      await lab.server.kill9();
      await until(() => events.some(({ kind }) => kind === 'disconnected'));
      const before = events.length;
      await claimVault(await lab.vault(), other, true);
      await until(async () => {
        const health = await service.health();
        return !health.ok && /are written by \/srv\/copy on there/.test(health.reason);
      });
      assert.deepEqual(
        events.slice(before).filter(({ kind }) => kind === 'removed' || kind === 'begun'),
        [],
      );
    } finally {
      await service.stop();
      await lab.server.restart();
    }
  });
});

describe('backups of which one needs a key that is lost', () => {
  it('are of use as far as the key that is left reads them, and the others are named', async () => {
    const store = newStore();
    const facts = { systemIdentifier: '7000000000000000001', segmentBytes, major: 17 };
    const [lost, kept] = [parseKey(generateKey())!, parseKey(generateKey())!];
    const first = await addFull(await openVault(store, createKeyring([lost], true), facts), 9);
    const both = await openVault(store, createKeyring([kept, lost], true), facts);
    const last = await addFull(both, 3);
    await writePosition(both, { timeline: 1, lsn: '0/6400000', coveredUntil: new Date(now).toISOString() });
    const alone = await openVault(store, createKeyring([kept], true), facts);
    const contents = await readContents(alone);
    assert.deepEqual(
      [contents.backups.map(({ id }) => id), contents.damaged.map(({ id }) => id)],
      [[last.id], [first.id]],
    );
    assert.match(
      contents.damaged[0]!.reason,
      new RegExp(`catalog/${first.id} in the store cannot be read: BACKUP_KEY`),
    );
    const plan = planRestore(contents, { target: { kind: 'latest' } });
    assert.deepEqual([plan.chain.map(({ id }) => id), plan.passedOver], [[last.id], [first.id]]);
    const how = { deep: false, onEvent: () => undefined, signal: new AbortController().signal };
    const found = await verifyBackups(alone, how);
    assert.deepEqual(
      found.backups.map(({ id, problems }) => [id, problems.length]),
      [
        [last.id, 0],
        [first.id, 1],
      ],
    );
    // What the lost key hides may need what would be let go.
    await assert.rejects(applyRetention(held(alone), keep, time), /^BackupError: Nothing is removed while/);
    assert.equal(
      (await verifyBackups(both, how)).backups.every(({ problems }) => problems.length === 0),
      true,
    );
  });
});
