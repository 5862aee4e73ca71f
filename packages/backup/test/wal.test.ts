import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { withLogin } from '@peakstone/kernel/pg';
import { connect, startOnFolder, until } from '@peakstone/testing';
import { readPosition } from '../src/catalog/positions.ts';
import { keepTimeline, listTimelines } from '../src/catalog/timelines.ts';
import { indexWal } from '../src/catalog/wal.ts';
import { BackupError, backupSlot, openStore } from '../src/index.ts';
import { readLsn } from '../src/lsn.ts';
import type { Store } from '../src/store/store.ts';
import { openVault } from '../src/vault.ts';
import { type Lab, openLab, receiveFrom } from './lab.ts';

const ids = 'select id from ledger order by id';

/** A store that can be made to refuse. */
function fickleStore(store: Store): Store & { refuses: boolean } {
  const fickle = {
    ...store,
    refuses: false,
    put: async (key: string, bytes: Uint8Array, options?: { readonly ifAbsent?: boolean }) => {
      if (fickle.refuses) throw new BackupError('STORE', 'the disk is full', 'free some space');
      return await store.put(key, bytes, options);
    },
  };
  return fickle;
}

describe('the WAL of a running server', () => {
  let lab: Lab;
  let store: ReturnType<typeof fickleStore>;
  before(async () => {
    lab = await openLab({
      store: folder => {
        store = fickleStore(openStore({ kind: 'folder', folder: `${folder}/store` }));
        return store;
      },
    });
    await lab.backUp();
  });
  after(() => lab.close());

  const slot = async () => {
    const [row] = await lab.sql.query(
      `select restart_lsn, wal_status, active from pg_replication_slots where slot_name = '${backupSlot}'`,
    );
    return row && { restartLsn: readLsn(row[0] ?? '0/0'), status: row[1], active: row[2] === 't' };
  };

  it('is kept by the server until the store has it: nothing is acknowledged before', async () => {
    const receiving = await lab.receive();
    await lab.sql.script('insert into ledger values (1)');
    await receiving.caughtUp();
    store.refuses = true;
    const before = await slot();
    await lab.sql.script(`insert into ledger values (2); select pg_switch_wal()`);
    await lab.sql.script(`insert into ledger values (3)`);
    await assert.rejects(receiving.stop(), /the disk is full/);
    assert.ok((await slot())!.restartLsn <= before!.restartLsn + 0x1000000n);
    const stored = readLsn((await readPosition(await lab.vault()))!.lsn);
    assert.ok((await slot())!.restartLsn <= stored, 'the slot never passes what is stored');
    store.refuses = false;
    const again = await lab.receive();
    await again.caughtUp();
    await again.stop();
    assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '2', '3']);
  });

  it('of a server that is idle is stored within a round, so that its last minutes are somewhere', async () => {
    const receiving = await lab.receive();
    await lab.sql.script('insert into ledger values (4)');
    await receiving.caughtUp();
    const { partial } = await indexWal(await lab.vault());
    assert.equal(partial.get(1)?.size, 1);
    await receiving.stop();
  });

  it('is received by a backup itself as soon as nobody else does, and by whoever does while they do', async () => {
    const receiving = await lab.receive();
    await receiving.caughtUp();
    await lab.backUp();
    await receiving.stop();
    // Its slot is there, and what it last said of itself is a moment old.
    await lab.backUp();
    assert.equal((await slot())!.active, false);
  });

  it('goes on where it was after the server was killed, and after the receiver was', async () => {
    const receiving = await lab.receive();
    await lab.sql.script('insert into ledger values (5)');
    await lab.server.kill9();
    await assert.rejects(receiving.stop(), Error);
    await lab.server.restart();
    const next = await lab.receive();
    await until(async () => (await lab.sql.query('select 1').catch(() => [])).length === 1);
    await lab.sql.script('insert into ledger values (6)');
    await next.caughtUp();
    assert.equal(next.events.filter(({ kind }) => kind === 'gap').length, 0);
    await next.stop();
    assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '2', '3', '4', '5', '6']);
  });

  it('that the server let go of is told as a gap, the slot is made anew, and no restore passes over it', async () => {
    for (const text of [
      `alter system set max_slot_wal_keep_size = '16MB'`,
      `alter system set min_wal_size = '32MB'`,
      `alter system set max_wal_size = '32MB'`,
      'select pg_reload_conf()',
    ])
      await lab.sql.query(text);
    await until(async () => {
      await lab.sql.script(
        `select pg_logical_emit_message(true, 'p', repeat('x', 1000)); select pg_switch_wal()`,
      );
      await lab.sql.query('checkpoint');
      return (await slot())?.status === 'lost';
    });
    const receiving = await lab.receive();
    await lab.sql.script('insert into ledger values (7)');
    await receiving.caughtUp();
    const kinds = receiving.events.map(({ kind }) => kind);
    assert.ok(kinds.includes('slotLost') && kinds.includes('gap'), kinds.join());
    assert.equal((await slot())?.status, 'reserved');
    await lab.sql.script('select pg_switch_wal()');
    await receiving.caughtUp();
    // PostgreSQL would promote at the gap without a word.
    await assert.rejects(lab.restore({}, ids), /nothing behind it can be reached from this backup/);
    await lab.backUp();
    await lab.sql.script('insert into ledger values (8)');
    await receiving.caughtUp();
    await receiving.stop();
    assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '2', '3', '4', '5', '6', '7', '8']);
  });
});

describe('a restored database', () => {
  it('goes on as a timeline of its own: each is kept, and either’s moments can be restored', async () => {
    const lab = await openLab();
    try {
      await lab.backUp();
      const first = await lab.receive();
      await lab.sql.script('insert into ledger values (1)');
      await first.caughtUp();
      const afterOne = await lab.now();
      await lab.sql.script('insert into ledger values (2)');
      await first.caughtUp();
      const afterTwo = await lab.now();
      await lab.sql.script('insert into ledger values (3)');
      await first.caughtUp();
      const afterThree = await lab.now();
      await first.caughtUp();
      await first.stop();
      const whileDown = await lab.now();

      // Back to one, and on from there, with a server of its own.
      const { into } = await lab.restore({ time: afterOne.toISOString() }, ids);
      const { signal } = new AbortController();
      const second = await startOnFolder(into, { onLog: () => undefined, signal });
      const sql = connect(second.url);
      const other: Lab = { ...lab, sql, url: withLogin(second.url, 'db_backup', 'of-backups') };
      const now: Lab['now'] = async () => {
        const [row] = await sql.query(`select to_json(clock_timestamp() at time zone 'utc') #>> '{}'`);
        return new Date(`${row![0]}Z`);
      };
      const receiving = await receiveFrom({ ...other, now }, 200);
      await sql.script('insert into ledger values (10)');
      await receiving.caughtUp();
      await receiving.stop();
      await sql.close();
      await second.stop();

      const vault = await lab.vault();
      assert.deepEqual(
        (await listTimelines(vault)).map(({ id }) => id),
        [2],
      );
      // The newest state is that of the database that goes on …
      assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '10']);
      // … and what the restore left out is found by its time, or by its timeline, to the last commit in its unfinished segment.
      assert.deepEqual((await lab.restore({ time: afterTwo.toISOString() }, ids)).rows, ['1', '2']);
      // … also of a moment at which it was quiet.
      assert.deepEqual((await lab.restore({ time: afterThree.toISOString() }, ids)).rows, ['1', '2', '3']);
      await assert.rejects(
        lab.restore({ time: whileDown.toISOString() }, ids),
        (error: BackupError) => /timeline 1 up to /.test(error.message) && /--timeline 1/.test(error.hint),
      );
      assert.deepEqual((await lab.restore({ timeline: 1 }, ids)).rows, ['1', '2', '3']);
    } finally {
      await lab.close();
    }
  });

  it('that was copied with its files cannot put its WAL in the place of the other’s', async () => {
    const lab = await openLab();
    try {
      await lab.backUp();
      const first = await lab.receive();
      await lab.sql.script('insert into ledger values (1)');
      await first.caughtUp();
      await first.stop();
      await lab.server.kill9();
      const copy = path.join(lab.folder, 'copy');
      execFileSync('cp', ['-a', lab.server.dataDir, copy]);
      await lab.server.restart();
      const receiving = await lab.receive();
      await until(async () => (await lab.sql.query('select 1').catch(() => [])).length === 1);
      const before = await indexWal(await lab.vault());
      await lab.sql.script('insert into ledger values (2)');
      await receiving.caughtUp();

      const { signal } = new AbortController();
      const other = await startOnFolder(copy, { onLog: () => undefined, signal });
      const sql = connect(other.url);
      const url = withLogin(other.url, 'db_backup', 'of-backups');
      const isForeign = (error: BackupError) =>
        error.code === 'FOREIGN' && /another copy/.test(error.message);
      try {
        // The unfinished segment is another …
        await sql.script(`insert into ledger select g, 'of the copy' from generate_series(10, 2000) g`);
        const mixed = await receiveFrom({ ...lab, sql, url }, 200);
        await assert.rejects(mixed.caughtUp(), isForeign);
        // … and so is the whole one, however far the copy goes on.
        await lab.sql.script('select pg_switch_wal()');
        await receiving.caughtUp();
        await until(
          async () =>
            (await indexWal(await lab.vault())).whole.get(1)!.size > (before.whole.get(1)?.size ?? 0),
        );
        await sql.script('select pg_switch_wal(); insert into ledger values (3000); select pg_switch_wal()');
        const again = await receiveFrom({ ...lab, sql, url }, 200);
        await assert.rejects(again.caughtUp(), isForeign);
      } finally {
        await sql.close();
        await other.stop();
      }
      await lab.sql.script('insert into ledger values (3)');
      await receiving.caughtUp();
      await receiving.stop();
      assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '2', '3']);
    } finally {
      await lab.close();
    }
  });

  it('that is a copy of another one cannot write over that one’s timeline', async () => {
    const lab = await openLab();
    try {
      await lab.backUp();
      const vault = await lab.vault();
      const history = '1\t0/5000000\tno recovery target specified\n';
      await keepTimeline(vault, 2, history, new Date());
      await keepTimeline(vault, 2, '1\t0/5000000\tfor another reason\n', new Date());
      await assert.rejects(
        keepTimeline(vault, 2, '1\t0/6000000\tno recovery target specified\n', new Date()),
        (error: BackupError) => error.code === 'FOREIGN',
      );
    } finally {
      await lab.close();
    }
  });

  it('of another cluster is refused on every connection, and has a folder of its own', async () => {
    const lab = await openLab();
    try {
      const vault = await openVault(lab.store, lab.keys, {
        systemIdentifier: '7000000000000000001',
        segmentBytes: 16 * 1024 * 1024,
        major: 17,
      });
      const receiving = await lab.receive({ vault });
      await assert.rejects(receiving.stop(), (error: BackupError) => error.code === 'FOREIGN');
    } finally {
      await lab.close();
    }
  });
});
