import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { withLogin } from '@peakstone/kernel/pg';
import { type BackupError, type BackupEvent, backupSlot, createBackup } from '../src/index.ts';
import { type Lab, openLab, type Receiving } from './lab.ts';

const ids = 'select id from ledger order by id';

/** The moments of one history, in order; between any two of them something was committed. */
interface History {
  readonly full: string;
  readonly incremental: string;
  readonly beforeAll: Date;
  readonly xidOfTwo: string;
  readonly afterTwo: Date;
  readonly afterThree: Date;
  readonly lsnOfFour: string;
  readonly xidOfFive: string;
}

describe('a restore', () => {
  let lab: Lab;
  let receiving: Receiving;
  let history: History;
  before(async () => {
    lab = await openLab();
    // Of an earlier recovery, and of a server with more of everything than the one that restores.
    for (const setting of [
      `recovery_target_name = 'somewhere else'`,
      `restore_command = 'cp /nowhere/%f %p'`,
      'max_connections = 150',
      'max_prepared_transactions = 20',
    ])
      await lab.sql.query(`alter system set ${setting}`);
    await lab.server.restart();
    const beforeAll = await lab.now();
    await lab.sql.script('insert into ledger values (1)');
    const full = await lab.backUp('full');
    receiving = await lab.receive();
    const [two] = await lab.sql.query(
      'with i as (insert into ledger values (2)) select pg_current_xact_id()',
    );
    const afterTwo = await lab.now();
    await lab.sql.script('create unlogged table volatile (id int); insert into volatile values (1)');
    const incremental = await lab.backUp('incremental');
    await lab.sql.script('insert into ledger values (3)');
    const afterThree = await lab.now();
    await lab.sql.script('insert into ledger values (4)');
    const [lsn] = await lab.sql.query('select pg_current_wal_lsn()');
    const [xid] = await lab.sql.query(
      'with i as (insert into ledger values (5)) select pg_current_xact_id()',
    );
    await lab.sql.query(`select pg_create_restore_point('before the mistake')`);
    await lab.sql.query(`select pg_create_restore_point('again')`);
    await lab.sql.script('insert into ledger values (6)');
    await lab.sql.query(`select pg_create_restore_point('again')`);
    await receiving.caughtUp();
    history = {
      ...{ beforeAll, afterTwo, afterThree, full: full.id, incremental: incremental.id },
      lsnOfFour: String(lsn![0]),
      xidOfTwo: String(two![0]),
      xidOfFive: String(xid![0]),
    };
  });
  after(async () => {
    await receiving.stop();
    await lab.close();
  });

  const fails = (promise: Promise<unknown>, code: string, message: RegExp) =>
    assert.rejects(promise, (error: BackupError) => {
      assert.equal(error.code, code, error.stack);
      assert.match(error.message, message);
      assert.notEqual(error.hint, '');
      return true;
    });

  it('says which of several restore points of one name it found, and chooses among none', async () => {
    const events: BackupEvent[] = [];
    const found = await lab.restore({ name: 'before the mistake' }, ids, event => events.push(event));
    assert.deepEqual(found.rows, ['1', '2', '3', '4', '5']);
    const told = events.find(event => event.kind === 'pointFound');
    assert.deepEqual([told?.target, told?.older], ['restore point before the mistake', history.full]);
    // Its place in the WAL is that of the state.
    assert.deepEqual((await lab.restore({ lsn: told!.lsn }, ids)).rows, ['1', '2', '3', '4', '5']);
    let place = '';
    await fails(lab.restore({ name: 'again' }, ids), 'TARGET', /there are 2 times restore point again: of /);
    await lab.restore({ name: 'again' }, ids).catch((error: BackupError) => {
      place = /--lsn (\S+)/.exec(error.hint)![1]!;
    });
    assert.deepEqual((await lab.restore({ lsn: place }, ids)).rows, ['1', '2', '3', '4', '5', '6']);
  });

  it('brings back the newest state when nothing else is asked for', async () => {
    const { rows, restored } = await lab.restore({}, ids);
    assert.deepEqual(rows, ['1', '2', '3', '4', '5', '6']);
    assert.deepEqual(
      restored.plan.chain.map(({ kind }) => kind),
      ['full', 'incremental'],
    );
  });

  it('brings back exactly what was committed at a moment, from the backup before it', async () => {
    const { rows } = await lab.restore({ time: history.afterThree.toISOString() }, ids);
    assert.deepEqual(rows, ['1', '2', '3']);
    // The incremental backup ends after it.
    const earlier = await lab.restore({ time: history.afterTwo.toISOString() }, ids);
    assert.deepEqual(earlier.rows, ['1', '2']);
    assert.deepEqual(
      earlier.restored.plan.chain.map(({ id }) => id),
      [history.full],
    );
  });

  it('stops at a WAL position, behind a transaction or right before it, and at a named point', async () => {
    assert.deepEqual((await lab.restore({ lsn: history.lsnOfFour }, ids)).rows, ['1', '2', '3', '4']);
    assert.deepEqual((await lab.restore({ xid: history.xidOfFive }, ids)).rows, ['1', '2', '3', '4', '5']);
    const without = await lab.restore({ xid: history.xidOfFive, exclusive: true }, ids);
    assert.deepEqual(without.rows, ['1', '2', '3', '4']);
    assert.deepEqual((await lab.restore({ name: 'before the mistake' }, ids)).rows, [
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
  });

  it('to a transaction before the newest backup is found from an older one', async () => {
    const { rows, restored } = await lab.restore({ xid: history.xidOfTwo }, ids);
    assert.deepEqual(rows, ['1', '2']);
    assert.equal(restored.plan.chain.at(-1)!.id, history.full);
  });

  it('to a moment after the last commit is the state of that moment, where it is known that nothing followed', async () => {
    await receiving.caughtUp();
    const { rows } = await lab.restore({ time: receiving.progress!.coveredUntil!.toISOString() }, ids);
    assert.deepEqual(rows, ['1', '2', '3', '4', '5', '6']);
  });

  it('to a moment that is not stored yet is refused with how far the store goes', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await fails(
      lab.restore({ time: tomorrow }, ids),
      'TARGET',
      /lies behind what is stored: .* covers everything up to /,
    );
    await fails(lab.restore({ lsn: 'FF/0' }, ids), 'TARGET', /lies behind what is stored/);
  });

  it('to a moment before the oldest backup’s end is refused, where PostgreSQL would take that end', async () => {
    await fails(
      lab.restore({ time: history.beforeAll.toISOString() }, ids),
      'TARGET',
      /lies before what can be restored: the oldest backup ends at /,
    );
    await fails(
      lab.restore({ time: history.afterTwo.toISOString(), backup: history.incremental }, ids),
      'TARGET',
      /does not lead to the target/,
    );
  });

  it('to a point or transaction that is not in the WAL says so, and leaves nothing behind', async () => {
    await fails(
      lab.restore({ name: 'nobody made it' }, ids),
      'TARGET',
      /does not hold restore point nobody made it/,
    );
    await fails(lab.restore({ xid: '4000000000' }, ids), 'TARGET', /does not hold transaction 4000000000/);
    assert.deepEqual(
      readdirSync(lab.folder).filter(name => name.includes('restoring')),
      [],
    );
  });

  it('never writes into a folder that holds something', async () => {
    const { into } = await lab.restore({}, ids);
    writeFileSync(path.join(into, 'mine.txt'), 'kept');
    const { restoreBackup, parseTarget } = await import('../src/index.ts');
    const options = { vault: await lab.vault(), into, owner: lab.owner, target: parseTarget({}) };
    const { signal } = new AbortController();
    await fails(restoreBackup({ ...options, onEvent: () => undefined, signal }), 'PLACE', /is not empty/);
    assert.equal(readFileSync(path.join(into, 'mine.txt'), 'utf8'), 'kept');
  });

  it('empties unlogged tables, as a crash does, and keeps the others’ indexes in order', async () => {
    const { rows } = await lab.restore(
      {},
      `select (select count(*) from volatile), bt_index_check('ledger_pkey')`,
    );
    assert.deepEqual(rows, ['0 ']);
  });

  it('leaves no settings of the recovery in the folder, and takes out those that the copied database had', async () => {
    const { into } = await lab.restore({}, 'select 1');
    const settings = readFileSync(path.join(into, 'postgresql.auto.conf'), 'utf8');
    assert.doesNotMatch(settings, /recovery|restore_command|hot_standby|archive_mode/);
    assert.match(settings, /max_connections = '150'/);
    assert.equal(existsSync(path.join(into, 'recovery.signal')), false);
  });

  it('can be left to whoever starts the folder, which then recovers to the same moment', async () => {
    const { restoreBackup, parseTarget } = await import('../src/index.ts');
    const { connect, startOnFolder } = await import('@peakstone/testing');
    const into = path.join(lab.folder, 'prepared');
    const { signal } = new AbortController();
    const target = parseTarget({ time: history.afterThree.toISOString() });
    await restoreBackup({
      vault: await lab.vault(),
      into,
      owner: lab.owner,
      target,
      onEvent: () => undefined,
      signal,
    });
    assert.equal(existsSync(path.join(into, 'recovery.signal')), true);
    const server = await startOnFolder(into, { onLog: () => undefined, signal });
    const sql = connect(server.url);
    assert.deepEqual((await sql.query(ids)).flat(), ['1', '2', '3']);
    await sql.close();
    await server.stop();
    // Once it has recovered, nothing of that is left.
    const settings = readFileSync(path.join(into, 'postgresql.auto.conf'), 'utf8');
    assert.doesNotMatch(settings, /recovery|restore_command|hot_standby|peakstone/);
    assert.match(settings, /max_connections = '150'/);
  });

  it('is undone when it is interrupted', async () => {
    const { restoreBackup, parseTarget } = await import('../src/index.ts');
    const into = path.join(lab.folder, 'interrupted');
    const stopping = new AbortController();
    await assert.rejects(
      restoreBackup({
        ...{ vault: await lab.vault(), into, owner: lab.owner, target: parseTarget({}), start: lab.start },
        onEvent: event => event.kind === 'recovering' && stopping.abort(),
        signal: stopping.signal,
      }),
      { name: 'AbortError' },
    );
    assert.deepEqual(
      readdirSync(lab.folder).filter(name => name.startsWith('interrupted')),
      [],
    );
  });
});

describe('a backup', () => {
  it('of a server with a tablespace elsewhere is refused, and leaves nothing in the store', async () => {
    const lab = await openLab();
    try {
      const place = path.join(lab.folder, 'elsewhere');
      mkdirSync(place, { mode: 0o700 });
      if (lab.owner) chownSync(place, lab.owner.uid, lab.owner.gid);
      await lab.sql.query(`create tablespace elsewhere location '${place}'`);
      await assert.rejects(lab.backUp(), /The tablespace in .*elsewhere lies outside of the data folder/);
      assert.deepEqual(await (await lab.vault()).list('base/'), []);
      const { store, writer, keys, server } = lab;
      const url = withLogin(server.url, 'db_backup', 'another');
      const { signal } = new AbortController();
      await assert.rejects(
        createBackup({
          url,
          store,
          writer,
          keys,
          kind: 'full',
          slot: backupSlot,
          onEvent: () => undefined,
          signal,
        }),
        /password authentication failed/,
      );
    } finally {
      await lab.close();
    }
  });
});
