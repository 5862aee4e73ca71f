import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { withLogin } from '@peakstone/kernel/pg';
import { connect, goOnFolder } from '@peakstone/testing';
import { addBackup } from '../src/catalog/backups.ts';
import { type Backup, coverageOf, readContents, verifyBackups } from '../src/index.ts';
import { dueBackup } from '../src/jobs.ts';
import { applyRetention } from '../src/retention.ts';
import { type Lab, openLab, receiveFrom } from './lab.ts';

const ids = 'select id from ledger order by id';
const { signal } = new AbortController();

describe('old backups of a database that was restored in place', () => {
  let lab: Lab;
  let first: Backup;
  let left: Backup;
  before(async () => {
    lab = await openLab();
    await lab.sql.script('insert into ledger values (1)');
    first = await lab.backUp();
    const receiving = await lab.receive();
    await lab.sql.script('insert into ledger values (2)');
    await receiving.caughtUp();
    const moment = await lab.now();
    await lab.sql.script('insert into ledger values (3)');
    left = await lab.backUp();
    await lab.sql.script('insert into ledger values (4)');
    await receiving.caughtUp();
    await receiving.stop();
    const { into } = await lab.restore({ time: moment.toISOString() }, ids);
    const server = await goOnFolder(into, { onLog: () => undefined, signal });
    const sql = connect(server.url);
    try {
      const now: Lab['now'] = async () => {
        const [row] = await sql.query(
          `select to_json(clock_timestamp() at time zone 'utc') #>> '{}' from pg_sleep(0.002)`,
        );
        return new Date(`${row![0]}Z`);
      };
      const url = withLogin(server.url, 'db_backup', 'of-backups');
      const goingOn = await receiveFrom({ ...lab, sql, url, now }, 200);
      await sql.script('insert into ledger values (10)');
      await goingOn.caughtUp();
      await goingOn.stop();
    } finally {
      await sql.close();
      await server.stop();
    }
  });
  after(() => lab.close());

  const letGo = async (days: number) => {
    const seen = { at: Date.now() + 1.5 * 86_400_000, leaps: [] };
    return (await applyRetention(await lab.vault(), { days, fulls: 1 }, seen)).backups;
  };
  const verified = async () => {
    const found = await verifyBackups(await lab.vault(), {
      ...{ deep: true, signal, onEvent: () => undefined },
    });
    return [...found.backups.flatMap(({ problems }) => problems), ...found.walProblems];
  };

  it('let nothing go while none of them leads to now, which is told', async () => {
    const vault = await lab.vault();
    await vault.delete([`catalog/${first.id}`]);
    const contents = await readContents(vault);
    const [withoutEntry, ...problems] = await verified();
    assert.match(withoutEntry!, new RegExp(`^Backup ${first.id} has all its files and no entry`));
    assert.deepEqual(problems, ['No backup leads to timeline 2.']);
    assert.deepEqual(coverageOf(contents).problems, ['No backup leads to timeline 2.']);
    assert.equal(dueBackup(contents, { full: null, incremental: null }, new Date()), 'full');
    assert.deepEqual(await letGo(1), []);
    await addBackup(vault, first);
    assert.deepEqual(await verified(), []);
  });

  it('stay where they lead to the present, and while its days last those of the timeline that was left', async () => {
    assert.deepEqual(await letGo(3), []);
    assert.deepEqual((await lab.restore({ timeline: 1 }, ids)).rows, ['1', '2', '3', '4']);
    assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '2', '10']);
    // A day and a half later, for one that keeps a day: of the timeline that was left nothing, however new it is.
    assert.deepEqual(await letGo(1), [left.id]);
    const contents = await readContents(await lab.vault());
    assert.deepEqual(
      contents.backups.map(({ id }) => id),
      [first.id],
    );
    assert.deepEqual((await lab.restore({}, ids)).rows, ['1', '2', '10']);
    assert.deepEqual(await verified(), []);
    assert.deepEqual(await letGo(1), []);
  });
});
