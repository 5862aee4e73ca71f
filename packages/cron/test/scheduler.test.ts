import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type CronEvent, startScheduler } from '@peakstone/cron';
import type { Running } from '@peakstone/kernel/service';
import { connect, type SqlClient, type TestDatabase, testDatabase, until } from '@peakstone/testing';

describe('jobs of cron.schedule', () => {
  let database: TestDatabase;
  let scheduler: Running;
  let owner: SqlClient;
  let shift = 0;
  /** What intervals go by. */
  let passed = 0;
  const events: CronEvent[] = [];
  /** Where the clock stands still; else it goes on, `shift` ahead. */
  let stopped: number | null = null;
  const now = () => stopped ?? Date.now() + shift;
  before(async () => {
    database = await testDatabase({ bootstrap: true });
    owner = connect(database.roleUrl('db_migrator'));
    await owner.script('create table public.ticks (job text, at timestamptz default now())');
    scheduler = await startScheduler({
      url: database.roleUrl('db_migrator'),
      onEvent: event => events.push(event),
      now,
      elapsed: () => performance.now() + passed,
    });
    await until(() => events.some(({ kind }) => kind === 'jobs'));
  });
  after(async () => {
    await scheduler.stop();
    await owner.close();
    await database.drop();
  });

  const count = async (sql: string): Promise<number> => Number((await owner.query(sql))[0]![0]);
  const known = async (jobs: number): Promise<void> => {
    await until(() => events.findLast(event => event.kind === 'jobs')?.count === jobs);
  };

  it('run each so many seconds, and their runs are told as pg_cron tells them', async () => {
    await owner.query(
      `select cron.schedule('each second', '1 second', $$insert into ticks values ('second')$$)`,
    );
    await until(async () => (await count(`select count(*) from ticks where job = 'second'`)) >= 2);
    const [run] = await owner.query(
      `select status, return_message, database = current_database(), username, command, job_pid > 0, end_time >= start_time
       from cron.job_run_details where status = 'succeeded' limit 1`,
    );
    assert.deepEqual(run, [
      'succeeded',
      'INSERT 0 1',
      't',
      'db_migrator',
      `insert into ticks values ('second')`,
      't',
      't',
    ]);
    await owner.query(`select cron.unschedule('each second')`);
    await known(0);
    const ran = await count('select count(*) from cron.job_run_details');
    passed += 5_000;
    await until(
      async () =>
        (await count(`select count(*) from cron.job_run_details where status in ('starting', 'running')`)) ===
        0,
    );
    assert.equal((await count('select count(*) from cron.job_run_details')) - ran <= 1, true);
  });

  it('run in the minute that their fields name, and once in it', async () => {
    stopped = Math.ceil(now() / 60_000) * 60_000;
    const minutes = () => count(`select count(*) from ticks where job = 'minute'`);
    const beats = () => count(`select count(*) from ticks where job = 'beat'`);
    /** A second of the clock, in which the scheduler has looked. */
    const second = async () => {
      const before = await beats();
      stopped! += 1_000;
      await until(async () => (await beats()) > before);
    };
    await owner.query(`select cron.schedule('beat', '1 second', $$insert into ticks values ('beat')$$)`);
    await known(1);
    await second();
    await owner.query(
      `select cron.schedule('minutely', '* * * * *', $$insert into ticks values ('minute')$$)`,
    );
    await known(2);
    for (let minute = 1; minute <= 2; minute++) {
      stopped += 60_000;
      await until(async () => (await minutes()) >= minute);
      for (let beat = 1; beat <= 3; beat++) await second();
      assert.equal(await minutes(), minute);
    }
    await owner.query(`select cron.unschedule('minutely'), cron.unschedule('beat')`);
    await known(0);
    shift = stopped - Date.now();
    stopped = null;
  });

  it('run by the clock as it is: one that was ahead and was put right stops none of them', async () => {
    const hour = 3_600_000;
    const start = Math.ceil(now() / hour) * hour;
    const of = (job: string) => count(`select count(*) from ticks where job = '${job}'`);
    const at = async (minutes: number) => {
      stopped = start + minutes * 60_000;
      const before = await of('pulse');
      // Looked at twice since.
      passed += 1_000;
      await until(async () => (await of('pulse')) > before);
      passed += 1_000;
      await until(async () => (await of('pulse')) > before + 1);
    };
    const ran = async (each: number, hourly: number) => {
      await until(async () => (await of('each')) >= each && (await of('fixed')) >= hourly);
      assert.deepEqual([await of('each'), await of('fixed')], [each, hourly]);
    };
    stopped = start - 60_000;
    const fixed = `${new Date(start).getUTCHours()},${new Date(start + 26 * hour).getUTCHours()}`;
    for (const [name, schedule] of [
      ['pulse', '1 second'],
      ['each', '* * * * *'],
      ['fixed', `* ${fixed} * * *`],
    ])
      await owner.query(
        `select cron.schedule('${name}', '${schedule}', $$insert into ticks values ('${name}')$$)`,
      );
    await known(3);
    await at(0);
    await ran(1, 1);
    // Drawn in by a moment: nothing is done twice.
    await at(1);
    await ran(2, 2);
    await at(0);
    await ran(2, 2);
    // Set back by half an hour: what has its time waits until that comes again, what runs all the time goes on.
    await at(40);
    await ran(3, 3);
    await at(10);
    await ran(4, 3);
    await at(11);
    await ran(5, 3);
    // A day and more ahead, and put right: all of them go by the time that it is.
    await at(26 * 60);
    await ran(6, 4);
    await at(12);
    await ran(7, 5);
    await at(13);
    await ran(8, 6);
    await owner.query(`select cron.unschedule('pulse'), cron.unschedule('each'), cron.unschedule('fixed')`);
    await known(0);
    shift = stopped! - Date.now();
    stopped = null;
  });

  it('that fail are told with the server’s words, and go on', async () => {
    await owner.query(`select cron.schedule('broken', '1 second', 'select 1/0')`);
    await until(
      async () =>
        (await count(
          `select count(*) from cron.job_run_details where command = 'select 1/0' and status = 'failed'`,
        )) >= 2,
    );
    assert.deepEqual(
      await owner.query(
        `select distinct return_message from cron.job_run_details where command = 'select 1/0' and status = 'failed'`,
      ),
      [['ERROR:  division by zero']],
    );
    assert.equal(
      events.some(event => event.kind === 'failed' && event.reason === 'ERROR:  division by zero'),
      true,
    );
    await owner.query(`select cron.unschedule('broken')`);
    await known(0);
  });

  it('never run twice at once, and are cancelled when the scheduler stops', async () => {
    await owner.query(`select cron.schedule('long', '1 second', 'select pg_sleep(3600)')`);
    await until(
      async () =>
        (await count(
          `select count(*) from pg_stat_activity where query = 'select pg_sleep(3600)' and state = 'active'`,
        )) === 1,
    );
    passed += 10_000;
    await owner.query(`select cron.schedule('marker', '1 second', $$insert into ticks values ('marker')$$)`);
    await until(async () => (await count(`select count(*) from ticks where job = 'marker'`)) >= 2);
    assert.equal(
      await count(`select count(*) from pg_stat_activity where query = 'select pg_sleep(3600)'`),
      1,
    );
    await scheduler.stop();
    assert.deepEqual(
      await owner.query(
        `select distinct status from cron.job_run_details where command = 'select pg_sleep(3600)'`,
      ),
      [['failed']],
    );
    // Its session ends a moment after its statement.
    await until(
      async () =>
        (await count(`select count(*) from pg_stat_activity where query = 'select pg_sleep(3600)'`)) === 0,
    );
  });
});
