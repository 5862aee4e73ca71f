/** A place that was emptied, of each kind: nothing is begun anew there by itself, and all is once somebody says so. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { until } from '@peakstone/testing';
import type { WrittenPlaces } from '../src/catalog/claims.ts';
import {
  type BackupError,
  type BackupEvent,
  backupSlot,
  createBackup,
  findVaults,
  openStore,
  readBackupConfig,
  readContents,
  startBackups,
} from '../src/index.ts';
import { type Lab, openLab } from './lab.ts';
import { credentials, TestS3 } from './testS3.ts';

interface Place {
  readonly env: Readonly<Record<string, string>>;
  empty(): void;
}

const s3 = new TestS3();
let endpoint = '';
let root = '';
before(async () => {
  endpoint = await s3.start();
  root = mkdtempSync(path.join(tmpdir(), 'peakstone-emptied-'));
});
after(() => {
  s3.stop();
  rmSync(root, { recursive: true, force: true });
});

const places: Readonly<Record<string, () => Place>> = {
  'a folder': () => {
    const folder = path.join(root, 'store');
    return {
      env: { BACKUP_STORE: folder },
      empty: () => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder, { mode: 0o700 });
      },
    };
  },
  'a prefix of a bucket of S3': () => ({
    env: {
      BACKUP_STORE: 's3://bucket/app',
      BACKUP_S3_ENDPOINT: endpoint,
      BACKUP_S3_REGION: credentials.region,
      BACKUP_S3_ACCESS_KEY: credentials.accessKey,
      BACKUP_S3_SECRET_KEY: credentials.secretKey,
      BACKUP_ENCRYPT: 'off',
    },
    empty: () => s3.objects.clear(),
  }),
};

for (const [kind, open] of Object.entries(places))
  it(`${kind} that was emptied is ill and stays empty until somebody takes over; a full backup and all that follows can be restored then`, async () => {
    const place = open();
    const config = readBackupConfig({ ...place.env, BACKUP_WAL_SECONDS: '1', BACKUP_TEST: 'off' }, '/');
    const lab: Lab = await openLab({ store: () => openStore(config.place) });
    const written = new Set<string>();
    const memory: WrittenPlaces = {
      clusters: () => [...written],
      add: (_place, cluster) => void written.add(cluster),
      remove: (_place, cluster) => void written.delete(cluster),
    };
    const writer = { ...lab.writer, places: memory };
    const events: BackupEvent[] = [];
    const seen = (event: BackupEvent['kind']) => events.filter(({ kind }) => kind === event).length;
    const service = startBackups(config, { url: lab.url, writer, onEvent: event => events.push(event) });
    const told = async (): Promise<string> => {
      const health = await service.health();
      return health.ok ? '' : health.reason;
    };
    try {
      await until(() => seen('made') === 1 && seen('receiving') > 0);
      const { systemIdentifier } = await lab.vault();
      place.empty();
      await lab.sql.script('insert into ledger values (1); select pg_switch_wal()');
      await until(async () => /is not there: /.test(await told()));
      assert.match(await told(), /peakstone backup takeover/);
      const { url, store, keys } = lab;
      const { signal } = new AbortController();
      const how = { url, store, keys, slot: backupSlot, writer, signal, onEvent: () => undefined };
      await assert.rejects(
        createBackup({ ...how, kind: 'full' }),
        (error: BackupError) => error.code === 'AWAY' && /takeover/.test(error.hint),
      );
      // A segment that was on its way may lie there; it was promised to nobody.
      assert.deepEqual(await findVaults(store, keys), []);

      memory.remove(store.place, systemIdentifier);
      await until(() => seen('made') === 2);
      await until(async () => (await told()) === '');
      assert.deepEqual(memory.clusters(store.place), [systemIdentifier]);
      const { backups } = await readContents(await lab.vault());
      assert.deepEqual(
        backups.map(({ kind: made }) => made),
        ['full'],
      );
      await lab.sql.script('insert into ledger values (2)');
      await until(async () => {
        const [row] = await lab.sql.query(
          `select write_lsn >= pg_current_wal_flush_lsn() from pg_stat_replication where application_name = 'peakstone backup'`,
        );
        return row?.[0] === 't';
      });
      await service.stop();
      assert.deepEqual((await lab.restore({}, 'select id from ledger order by id')).rows, ['1', '2']);
    } finally {
      await service.stop();
      await lab.close();
    }
  });
