import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { withLogin } from '@peakstone/kernel/pg';
import { connect, goOnFolder, until } from '@peakstone/testing';
import { readPosition, readPositions, writePosition } from '../src/catalog/positions.ts';
import { keepTimeline, listTimelines } from '../src/catalog/timelines.ts';
import { indexWal } from '../src/catalog/wal.ts';
import { BackupError, backupSlot, createBackup, openStore } from '../src/index.ts';
import { dueBackup } from '../src/jobs.ts';
import { readLsn } from '../src/lsn.ts';
import { readContents } from '../src/restore/contents.ts';
import type { Store } from '../src/store/store.ts';
import { openVault } from '../src/vault.ts';
import { held, type Lab, openLab, type Receiving, receiveFrom } from './lab.ts';

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
      const second = await goOnFolder(into, { onLog: () => undefined, signal });
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

  it('is the newest whatever clocks said meanwhile: restored in place twice, nothing that was acknowledged is lost', async () => {
    const lab = await openLab();
    const { signal } = new AbortController();
    const days = (number: number) => () => new Date(Date.now() + number * 86_400_000);
    const made: string[] = [];
    const backUp = async ({ url }: Pick<Lab, 'url'>, now: () => Date): Promise<void> => {
      const { store, writer, keys } = lab;
      const how = { kind: 'full', slot: backupSlot, onEvent: () => undefined, signal } as const;
      made.push((await createBackup({ url, store, writer, keys, ...how, now })).id);
    };
    /** In the place of the one before: a server on what was restored, from which WAL is received. */
    const goOn = async (into: string, work: (other: Lab, receiving: Receiving) => Promise<void>) => {
      const server = await goOnFolder(into, { onLog: () => undefined, signal });
      const sql = connect(server.url);
      const now: Lab['now'] = async () => {
        const [row] = await sql.query(
          `select to_json(clock_timestamp() at time zone 'utc') #>> '{}' from pg_sleep(0.002)`,
        );
        return new Date(`${row![0]}Z`);
      };
      const other: Lab = { ...lab, sql, url: withLogin(server.url, 'db_backup', 'of-backups'), now };
      const receiving = await receiveFrom(other, 200);
      try {
        await work(other, receiving);
      } finally {
        await receiving.stop();
        await sql.close();
        await server.stop();
      }
    };
    /** As the server's clock was then. */
    const misdate = async (timeline: number, now: () => Date): Promise<void> => {
      const vault = await lab.vault();
      const found = (await readPositions(vault)).positions.get(timeline)!;
      await writePosition(vault, { ...found, coveredUntil: now().toISOString() });
    };
    const newest = async () => {
      const { rows, restored } = await lab.restore({}, ids);
      return [restored.plan.timeline, restored.plan.chain.at(-1)!.id, ...rows];
    };
    try {
      await backUp(lab, days(0));
      const first = await lab.receive();
      await lab.sql.script('insert into ledger values (1)');
      await first.caughtUp();
      const afterOne = await lab.now();
      await lab.sql.script('insert into ledger values (2)');
      await backUp(lab, days(70));
      await first.caughtUp();
      await first.stop();
      await misdate(1, days(70));
      assert.deepEqual(await newest(), [1, made[1], '1', '2']);

      let afterTen = new Date(0);
      await goOn(
        (await lab.restore({ time: afterOne.toISOString() }, ids)).into,
        async (other, receiving) => {
          await other.sql.script('insert into ledger values (10)');
          await receiving.caughtUp();
          afterTen = await other.now();
          await other.sql.script('insert into ledger values (11)');
          await receiving.caughtUp();
        },
      );
      assert.deepEqual(await newest(), [2, made[0], '1', '10', '11']);

      await goOn(
        (await lab.restore({ time: afterTen.toISOString() }, ids)).into,
        async (other, receiving) => {
          await other.sql.script('insert into ledger values (20)');
          await receiving.caughtUp();
          // Also one whose clock was behind is newer than those before it.
          await backUp(other, days(-300));
          await other.sql.script('insert into ledger values (21)');
          await receiving.caughtUp();
        },
      );
      await misdate(3, days(-300));
      assert.deepEqual(await newest(), [3, made[2], '1', '10', '20', '21']);
      const contents = await readContents(await lab.vault());
      assert.deepEqual(
        contents.backups.map(({ id }) => id),
        made,
      );
      assert.equal(contents.current, 3);
      assert.equal(dueBackup(contents, { full: null, incremental: null }, new Date()), undefined);
      // What was left is still there for who asks for it.
      assert.deepEqual((await lab.restore({ timeline: 1 }, ids)).rows, ['1', '2']);
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
      const other = await goOnFolder(copy, { onLog: () => undefined, signal });
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
      const receiving = await lab.receive({ vault: held(vault) });
      await assert.rejects(receiving.stop(), (error: BackupError) => error.code === 'FOREIGN');
    } finally {
      await lab.close();
    }
  });
});
