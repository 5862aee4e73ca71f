/** Backups as SQL of two machines in one place. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Running } from '@peakstone/kernel/service';
import { sharedServerUrl, until } from '@peakstone/testing';
import { claimVault } from '../src/catalog/claims.ts';
import {
  type BackupError,
  type BackupEvent,
  createKeyring,
  createLogicalBackup,
  type DumpSql,
  findVaults,
  listLogicalBackups,
  openStore,
  readBackupConfig,
  readLastTest,
  type Store,
  startLogicalBackups,
  testLogicalBackup,
  type Vault,
  type Writer,
} from '../src/index.ts';

const dump: DumpSql = async ({ write }) => {
  await write('select 1;\n');
  return { tables: 0, rows: 0, missing: [] };
};
const keys = createKeyring([], false);
const { signal } = new AbortController();
const one: Writer = { id: 'one', host: 'one.example', folder: '/srv/shop' };
const two: Writer = { id: 'two', host: 'two.example', folder: '/srv/copy' };

describe('backups as SQL of two machines in one place', () => {
  let url = '';
  let store: Store;
  let vault: Vault;
  const services: Running[] = [];
  before(async () => {
    url = await sharedServerUrl();
    store = openStore({ kind: 'folder', folder: mkdtempSync(path.join(tmpdir(), 'peakstone-texts-')) });
  });
  after(async () => {
    await Promise.all(services.map(each => each.stop()));
    rmSync(store.place, { recursive: true, force: true });
  });
  const start = (writer: Writer, events: BackupEvent[]): Running => {
    const config = readBackupConfig({ BACKUP_STORE: store.place, BACKUP_KEEP_DAYS: '0' }, '/');
    const service = startLogicalBackups(config, {
      ...{ url, dump, writer },
      testText: async text => {
        for await (const _piece of text);
        return { tables: 0, rows: 0, indexes: 0 };
      },
      onEvent: event => events.push(event),
    });
    services.push(service);
    return service;
  };
  const backups = async () => (await listLogicalBackups(vault)).backups.map(({ id }) => id);

  it('are made and let go by the one that came first; the other one is ill, and says how it takes over', async () => {
    const mine: BackupEvent[] = [];
    const others: BackupEvent[] = [];
    const first = start(one, mine);
    await until(() => mine.some(({ kind }) => kind === 'made'));
    vault = (await findVaults(store, keys))[0]!;
    const before = await backups();
    const second = start(two, others);
    await until(async () => !(await second.health()).ok);
    const health = await second.health();
    assert.match(
      health.ok ? '' : health.reason,
      /^No backup is made: .* written by \/srv\/shop on one\.example.* peakstone backup takeover$/,
    );
    assert.deepEqual(await backups(), before);
    assert.ok(!others.some(({ kind }) => kind === 'begun' || kind === 'removed'));
    assert.deepEqual(await first.health(), { ok: true });
    await assert.rejects(
      createLogicalBackup({ url, store, keys, dump, writer: two, onEvent: () => undefined, signal }),
      (error: BackupError) => error.code === 'FOREIGN',
    );
    assert.deepEqual(await backups(), before);
    await createLogicalBackup({ url, store, keys, dump, writer: one, onEvent: () => undefined, signal });
    assert.equal((await backups()).length, before.length + 1);
  });

  it('can be tried by the other one, which leaves no result among them', async () => {
    const [backup] = (await listLogicalBackups(vault)).backups;
    const testText = async () => ({ tables: 1, rows: 1, indexes: 1 });
    const how = { testText, onEvent: () => undefined, signal };
    const before = await readLastTest(vault, 'logical');
    const tried = await testLogicalBackup(vault, backup!, { ...how, writer: two });
    assert.deepEqual([tried.ok, tried.kept], [true, false]);
    assert.deepEqual(await readLastTest(vault, 'logical'), before);
    assert.equal((await testLogicalBackup(vault, backup!, { ...how, writer: one })).kept, true);
    assert.equal((await readLastTest(vault, 'logical'))?.backup, backup!.id);
  });

  it('are the other one’s once it has taken over', async () => {
    await claimVault(vault, two, true);
    await createLogicalBackup({ url, store, keys, dump, writer: two, onEvent: () => undefined, signal });
    await assert.rejects(
      createLogicalBackup({ url, store, keys, dump, writer: one, onEvent: () => undefined, signal }),
      (error: BackupError) => error.code === 'FOREIGN',
    );
  });
});
