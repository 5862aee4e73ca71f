import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Health, Running } from '@peakstone/kernel/service';
import { until } from '@peakstone/testing';
import { RunningClaim, type WrittenPlaces } from '../src/catalog/claims.ts';
import { readWitness } from '../src/catalog/clock.ts';
import {
  type BackupError,
  type BackupEvent,
  backupSlot,
  claimVault,
  createBackup,
  readBackupConfig,
  readContents,
  readLastTest,
  startBackups,
  type TestResult,
  type Writer,
} from '../src/index.ts';
import { type Lab, openLab } from './lab.ts';

describe('the service of backups', () => {
  let lab: Lab;
  let service: Running | undefined;
  const events: BackupEvent[] = [];
  before(async () => {
    lab = await openLab();
  });
  after(async () => {
    await service?.stop();
    await lab.close();
  });
  const start = (
    more: Record<string, string> = {},
    { scratch, now }: { scratch?: () => string; now?: () => number } = {},
    writer: Writer = lab.writer,
  ): Running =>
    startBackups(
      readBackupConfig(
        { BACKUP_STORE: lab.store.place, BACKUP_WAL_SECONDS: '1', BACKUP_TEST: '* * * * *', ...more },
        '/',
      ),
      {
        url: lab.url,
        writer,
        onEvent: event => events.push(event),
        machine: {
          start: lab.start,
          owner: lab.owner,
          guard: () => () => undefined,
          scratch: scratch ?? (() => path.join(lab.folder, `test-${events.length}`)),
        },
      },
      now,
    );
  const seen = (kind: BackupEvent['kind']) => events.filter(event => event.kind === kind).length;

  it('makes a full backup at once, and receives from then on', async () => {
    service = start();
    await until(() => seen('made') === 1 && seen('receiving') > 0);
    assert.deepEqual(await service.health(), { ok: true });
    const [row] = await lab.sql.query(
      `select active from pg_replication_slots where slot_name = '${backupSlot}'`,
    );
    assert.deepEqual(row, ['t']);
  });

  it('is well while the database is away for a moment, and goes on when it is back', async () => {
    await lab.server.kill9();
    await until(() => seen('disconnected') > 0);
    assert.deepEqual(await service!.health(), { ok: true });
    await lab.server.restart();
    const before = seen('receiving');
    await until(() => seen('receiving') > before);
  });

  const lastTest: TestResult = {
    ...{ at: '2026-01-01T00:00:00.000Z', ok: true, backup: null, text: 'long ago', tables: 0, rows: 0 },
    ...{ indexes: 0, lastTransactionAt: null, durationMs: 0 },
  };
  const keep = async (result: TestResult) =>
    (await lab.vault()).write('checks/test', Buffer.from(JSON.stringify(result)));

  it('tries a backup when that is due, and keeps what came of it', async () => {
    await service!.stop();
    await keep(lastTest);
    service = start();
    await until(() => seen('tested') > 0);
    const last = await readLastTest(await lab.vault());
    assert.equal(last?.ok, true);
    assert.match(last!.text, /^restored and read: /);
    assert.deepEqual(await service.health(), { ok: true });
  });

  const told = async (): Promise<string> => {
    const health: Health = await service!.health();
    return health.ok ? '' : health.reason;
  };

  it('is ill from a test that failed until one succeeds, however often it is restarted', async () => {
    await service!.stop();
    await keep({ ...lastTest, ok: false, text: 'a page is damaged', backup: 'B1' });
    service = start({ BACKUP_TEST: 'off' });
    await until(async () => !(await service!.health()).ok);
    assert.deepEqual(await service.health(), {
      ok: false,
      reason: `backup B1 failed its test of ${lastTest.at}: a page is damaged`,
      elsewhere: true,
    });
    await service.stop();
    service = start();
    await until(async () => (await service!.health()).ok && (await readLastTest(await lab.vault()))!.ok);
  });

  it('knows of a test by hand at its next look, and not when it next reads all of the store', async () => {
    await service!.stop();
    const at = new Date().toISOString();
    await keep({ ...lastTest, at });
    service = start({ BACKUP_TEST: 'off' });
    const before = seen('receiving');
    await until(() => seen('receiving') > before);
    await until(async () => (await told()) === '');
    await keep({ ...lastTest, at, ok: false, text: 'a page is damaged', backup: 'B2' });
    await until(async () => (await told()) === `backup B2 failed its test of ${at}: a page is damaged`);
  });

  it('is ill while a job fails, and says which', async () => {
    await service!.stop();
    await keep(lastTest);
    service = start(
      {},
      {
        scratch: () => {
          throw new Error('there is no room');
        },
      },
    );
    await until(async () => !(await service!.health()).ok);
    assert.deepEqual(await service.health(), {
      ok: false,
      reason: 'The test of a backup failed: there is no room',
      elsewhere: true,
    });
  });

  it('lets nothing go by a clock that is months ahead of all that the store says, and is ill for a day to say so', async () => {
    await service!.stop();
    await keep({ ...lastTest, at: new Date().toISOString() });
    const vault = await lab.vault();
    const before = (await readContents(vault)).backups.map(({ id }) => id);
    const day = 86_400_000;
    const removed = seen('removed');
    // As if today were three months ahead of when the store was looked at last.
    await vault.write('checks/clock', Buffer.from(JSON.stringify({ at: Date.now() - 90 * day, leaps: [] })));
    service = start({ BACKUP_TEST: 'off', BACKUP_KEEP_DAYS: '14', BACKUP_KEEP_FULLS: '1' });
    await until(async () => /the clock went from/.test(await told()));
    assert.match(await told(), /what was stored before is kept until 14 more days have passed/);
    assert.equal((await readWitness(vault))?.leaps.length, 1);
    assert.equal(seen('removed'), removed);
    assert.deepEqual(
      (await readContents(vault)).backups.map(({ id }) => id),
      before,
    );
    await service.stop();
    await vault.delete(['checks/clock']);
    service = start();
  });

  const copy = { id: 'a copy', host: 'elsewhere', folder: '/srv/copy' };

  it('writes nothing among the backups of another copy of its database, is ill at once, and says how one takes them over', async () => {
    await service!.stop();
    service = start({ BACKUP_TEST: 'off' }, {}, copy);
    await until(async () => (await told()) !== '');
    assert.match(
      await told(),
      /are written by lab on here, since .*; this is another stack, or a copy of that one\..* peakstone backup takeover$/,
    );
    const { url, store, keys } = lab;
    const { signal } = new AbortController();
    await assert.rejects(
      createBackup({
        ...{ url, store, keys, kind: 'full', slot: backupSlot, writer: copy, signal },
        onEvent: () => undefined,
      }),
      (error: BackupError) => error.code === 'FOREIGN',
    );
    // The original is gone: its copy goes on, without a restart.
    await claimVault(await lab.vault(), copy, true);
    await until(async () => (await told()) === '');
    await claimVault(await lab.vault(), lab.writer, true);
    await until(async () => /this is another stack, or a copy/.test(await told()));
  });

  it('is told of a clone of its machine, which has its identity: whoever began later writes', async () => {
    await service!.stop();
    const before = seen('receiving');
    service = start({ BACKUP_TEST: 'off' });
    await until(() => seen('receiving') > before);
    const clone = new RunningClaim(lab.writer);
    await clone.take(await lab.vault());
    await until(async () => /written by another process of this stack since/.test(await told()));
    await service.stop();
    service = start({ BACKUP_TEST: 'off' });
    await until(() => seen('receiving') > before + 1);
    assert.equal(await told(), '');
    await assert.rejects(
      clone.assertHeld(await lab.vault()),
      (error: BackupError) => error.code === 'FOREIGN',
    );
  });

  it('writes nothing where what it stored is not, be it begun anew, and goes on when that is there again', async () => {
    await service!.stop();
    const written = new Set<string>();
    const places: WrittenPlaces = {
      clusters: () => [...written],
      add: (_place, cluster) => void written.add(cluster),
      remove: (_place, cluster) => void written.delete(cluster),
    };
    const remembering = { ...lab.writer, places };
    let before = seen('receiving');
    service = start({ BACKUP_TEST: 'off' }, {}, remembering);
    await until(() => seen('receiving') > before);
    const [{ place }, gaps] = [lab.store, seen('gap')];
    renameSync(place, `${place}.real`);
    mkdirSync(place, { mode: 0o700 });
    await lab.sql.script('insert into ledger values (77); delete from ledger; select pg_switch_wal()');
    await until(async () => /is its disk mounted/.test(await told()));
    await service.stop();
    for (const name of readdirSync(place)) rmSync(path.join(place, name), { recursive: true });
    service = start({ BACKUP_TEST: 'off' }, {}, remembering);
    await until(async () => /is its disk mounted/.test(await told()));
    const { url, store, keys } = lab;
    const { signal } = new AbortController();
    await assert.rejects(
      createBackup({
        ...{ url, store, keys, kind: 'full', slot: backupSlot, writer: remembering, signal },
        onEvent: () => undefined,
      }),
      (error: BackupError) => error.code === 'AWAY' && /takeover/.test(error.hint),
    );
    assert.deepEqual(readdirSync(place), []);
    rmdirSync(place);
    renameSync(`${place}.real`, place);
    before = seen('receiving');
    await until(() => seen('receiving') > before);
    await until(async () => (await told()) === '');
    assert.equal(seen('gap'), gaps);
    await service.stop();
    service = start({ BACKUP_TEST: 'off' });
    await until(() => seen('receiving') > before + 1);
  });

  it('notices that what it stored is gone, where that was said to be so, and begins anew with a full backup', async () => {
    const [{ systemIdentifier }, lost] = [await lab.vault(), seen('vaultLost')];
    rmSync(path.join(lab.store.place, systemIdentifier), { recursive: true, force: true });
    await until(() => seen('vaultLost') > lost);
    await until(async () => {
      const begun = await lab.vault();
      return begun !== undefined && (await readContents(begun)).backups.length > 0;
    });
    assert.equal((await readContents(await lab.vault())).backups.at(-1)!.kind, 'full');
  });

  it('notices at once that the store was set back to an earlier state, and makes a full backup', async () => {
    const [place, before] = [lab.store.place, seen('receiving')];
    await until(async () => (await readContents(await lab.vault())).position !== undefined);
    cpSync(place, `${place}.earlier`, { recursive: true });
    const { lsn } = (await readContents(await lab.vault())).position!;
    await lab.sql.script('insert into ledger values (78); delete from ledger');
    await until(async () => (await readContents(await lab.vault())).position!.lsn !== lsn);
    const [lost, made] = [seen('vaultLost'), seen('made')];
    renameSync(place, `${place}.later`);
    renameSync(`${place}.earlier`, place);
    await until(() => seen('vaultLost') > lost && seen('receiving') > before);
    assert.match(
      events.findLast(event => event.kind === 'vaultLost')!.reason,
      /was set back to an earlier state: WAL was stored up to/,
    );
    await until(() => seen('made') > made);
    assert.equal((await readContents(await lab.vault())).backups.at(-1)!.kind, 'full');
    rmSync(`${place}.later`, { recursive: true });
  });

  it('stops in order, with everything stored', async () => {
    await lab.sql.script('insert into ledger values (1)');
    // What has come is stored; what the server has not sent by then is nobody's promise.
    await until(async () => {
      const [row] = await lab.sql.query(
        `select write_lsn >= pg_current_wal_flush_lsn() from pg_stat_replication where application_name = 'peakstone backup'`,
      );
      return row?.[0] === 't';
    });
    await service!.stop();
    service = undefined;
    assert.deepEqual((await lab.restore({}, 'select id from ledger')).rows, ['1']);
  });

  it('is ill when the store takes everything but WAL, however often it connects again, and well when it does', async () => {
    let later = 0;
    const running = start({ BACKUP_TEST: 'off' }, { now: () => performance.now() + later });
    const failures = () => seen('disconnected');
    try {
      await until(() => seen('receiving') > 0);
      const [timeline] = await lab.sql.query(
        `select lpad(to_hex(timeline_id), 8, '0') from pg_control_checkpoint()`,
      );
      const [next] = await lab.sql.query('select pg_walfile_name(pg_current_wal_lsn())');
      const cluster = path.join(lab.store.place, readdirSync(lab.store.place)[0]!);
      // What cannot be replaced by a file, as one that is too large for its disk.
      const blocks = ['', '.partial'].map(suffix =>
        path.join(cluster, 'wal', timeline![0]!, `${next![0]}${suffix}`),
      );
      for (const block of blocks) {
        rmSync(block, { force: true });
        mkdirSync(path.join(block, 'full'), { recursive: true });
      }
      const before = failures();
      await lab.sql.script(`insert into ledger select g, 'x' from generate_series(1000, 2000) g`);
      await until(() => failures() > before + 1);
      later = 200_000;
      const health: Health = await running.health();
      assert.match(health.ok ? '' : health.reason, /^WAL has not been stored for \d+ s: /);
      for (const block of blocks) rmSync(block, { recursive: true });
      await until(async () => (await running.health()).ok);
    } finally {
      await running.stop();
    }
  });

  it('starts where the store refuses, and says why: nobody who starts the stack waits for it', async () => {
    const file = path.join(lab.folder, 'file');
    writeFileSync(file, '');
    let later = 0;
    events.length = 0;
    const broken = start({ BACKUP_STORE: file }, { now: () => performance.now() + later });
    try {
      await until(() =>
        events.some(event => event.kind === 'disconnected' && /cannot be used/.test(event.reason)),
      );
      // A moment's trouble is none yet.
      assert.deepEqual(await broken.health(), { ok: true });
      later = 100_000;
      const health: Health = await broken.health();
      assert.match(health.ok ? '' : health.reason, /^WAL has not been stored for \d+ s: .*cannot be used/);
    } finally {
      await broken.stop();
    }
  });
});
