/** What lies beside backups in a store: several clusters, keys that change, records that are damaged. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { claimVault, readClaim } from '../src/catalog/claims.ts';
import { keepTimeline, readTimelines } from '../src/catalog/timelines.ts';
import {
  type BackupError,
  createKeyring,
  generateKey,
  hasEncrypted,
  openStore,
  parseKey,
  readLastTest,
  type Store,
  surveyVaults,
} from '../src/index.ts';
import { type ClusterFacts, openVault } from '../src/vault.ts';
import { held } from './lab.ts';

let root = '';
before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'peakstone-vaults-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

let places = 0;
const newStore = (): Store => openStore({ kind: 'folder', folder: path.join(root, String(places++)) });
const cluster = (systemIdentifier: string): ClusterFacts => ({
  ...{ systemIdentifier, segmentBytes: 16 * 1024 * 1024, major: 17 },
});
const one = cluster('7000000000000000001');
const two = cluster('7000000000000000002');
const plain = createKeyring([], false);
const key = () => parseKey(generateKey())!;
const flip = (file: string): void => {
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 2)]! ^= 0x01;
  writeFileSync(file, bytes);
};
const writer = { id: 'a', host: 'here', folder: '/srv/shop' };

describe('a place of several clusters', () => {
  it('gives those that the keys read, and says why it does not give another', async () => {
    const store = newStore();
    const mine = createKeyring([key()], true);
    await openVault(store, mine, one);
    await openVault(store, createKeyring([key()], true), two);
    const { vaults, unreadable } = await surveyVaults(store, mine);
    assert.deepEqual(
      vaults.map(({ systemIdentifier }) => systemIdentifier),
      [one.systemIdentifier],
    );
    assert.deepEqual(
      unreadable.map(({ systemIdentifier, error }) => [systemIdentifier, error.code]),
      [[two.systemIdentifier, 'KEY']],
    );
  });

  it('knows whether a key has been lost, before a new one is made', async () => {
    const store = newStore();
    await openVault(store, createKeyring([key()], true), one);
    await openVault(store, plain, two);
    assert.equal(await hasEncrypted(store, undefined), true);
    assert.equal(await hasEncrypted(store, one.systemIdentifier), true);
    assert.equal(await hasEncrypted(store, two.systemIdentifier), false);
    writeFileSync(path.join(store.place, one.systemIdentifier, 'cluster.json'), '{');
    assert.equal(await hasEncrypted(store, one.systemIdentifier), true);
  });
});

describe('a key that somebody has seen', () => {
  it('is needed by nothing but the backups that it has encrypted, once there is a new one', async () => {
    const store = newStore();
    const [old, fresh] = [key(), key()];
    const before = await openVault(store, createKeyring([old], true), one);
    await claimVault(before, writer);
    await keepTimeline(before, 2, '1\t0/5000000\tx\n', new Date());
    await before.write('catalog/20261127-100000F', Buffer.from('{}'));
    const both = await openVault(store, createKeyring([fresh, old], true), one);
    assert.equal(await both.isCurrent('catalog/20261127-100000F'), false);
    assert.equal(await both.isCurrent('history/00000002'), true);
    // Retention has removed what it encrypted.
    await held(both).delete(['catalog/20261127-100000F']);
    const alone = createKeyring([fresh], true);
    const [vault] = (await surveyVaults(store, alone)).vaults;
    assert.equal((await readClaim(vault!))?.id, 'a');
    assert.equal((await readTimelines(vault!)).timelines.length, 1);
    await openVault(store, alone, one);
    const { unreadable } = await surveyVaults(store, createKeyring([old], true));
    assert.equal(unreadable[0]?.error.code, 'KEY');
  });
});

describe('a place in the stack’s own folder', () => {
  it('is its own also where both were copied, as nobody else writes there', async () => {
    const vault = await openVault(newStore(), plain, one);
    await claimVault(vault, writer);
    await claimVault(vault, { ...writer, id: 'b', folder: '/srv/copy', ownsPlace: true });
    assert.equal((await readClaim(vault))?.folder, '/srv/copy');
  });
});

describe('a damaged record', () => {
  it('of what the cluster is takes nothing away: it is there twice', async () => {
    for (const name of ['cluster.json', 'cluster']) {
      const store = newStore();
      await openVault(store, plain, one);
      flip(path.join(store.place, one.systemIdentifier, name));
      const { vaults } = await surveyVaults(store, plain);
      assert.deepEqual(
        [vaults[0]?.systemIdentifier, vaults[0]?.major, vaults[0]?.segmentBytes],
        [one.systemIdentifier, 17, one.segmentBytes],
        name,
      );
      await openVault(store, plain, one);
    }
  });

  it('of a timeline hides no other one, and is written anew by who knows it', async () => {
    const store = newStore();
    const vault = await openVault(store, plain, one);
    for (const id of [2, 3]) await keepTimeline(vault, id, '1\t0/5000000\tx\n', new Date());
    flip(path.join(store.place, one.systemIdentifier, 'history/00000002'));
    const found = await readTimelines(vault);
    assert.deepEqual([found.timelines.map(({ id }) => id), found.damaged.length], [[3], 1]);
    await keepTimeline(vault, 2, '1\t0/5000000\tx\n', new Date());
    assert.equal((await readTimelines(vault)).timelines.length, 2);
  });

  it('of the last test counts as a failed one of long ago', async () => {
    const store = newStore();
    const vault = await openVault(store, plain, one);
    await vault.write('checks/test', Buffer.from('{"ok":true}'));
    flip(path.join(store.place, one.systemIdentifier, 'checks/test'));
    const found = await readLastTest(vault);
    assert.deepEqual([found?.ok, found?.at.slice(0, 4)], [false, '1970']);
  });

  it('of who writes there stops who would write, until somebody says who it is', async () => {
    const store = newStore();
    const vault = await openVault(store, plain, one);
    await claimVault(vault, writer);
    flip(path.join(store.place, one.systemIdentifier, 'claims/00000001'));
    await assert.rejects(
      claimVault(vault, writer),
      (error: BackupError) => error.code === 'CORRUPT' && /backup takeover/.test(error.hint),
    );
    await claimVault(vault, writer, true);
    await claimVault(vault, writer);
    await assert.rejects(
      claimVault(vault, { ...writer, id: 'b' }),
      (error: BackupError) => error.code === 'FOREIGN',
    );
  });
});
