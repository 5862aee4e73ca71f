import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseJobSchedule } from '@peakstone/kernel/cron';
import { startTestServer, type TestServer, until } from '@peakstone/testing';
import { isSchedule } from '../src/bootstrap/cronSchedule.ts';
import { bootstrapDatabase } from '../src/index.ts';
import { type Bootstrapped, passwords, run, startBootstrapped } from './bootstrapped.ts';

describe('cron, where the server has no pg_cron', () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped();
    assert.deepEqual(stack.report.failed, []);
  });
  after(() => stack.server.stop());

  it('schedules, changes and takes away jobs by the functions of pg_cron, with its names of parameters', async () => {
    const [[first]] = (await stack.as('db_migrator', `select cron.schedule('0 10 * * *', 'vacuum')`)) as [
      [string],
    ];
    const named = `select cron.schedule(job_name => 'nightly', schedule => '0 3 * * *', command => 'select 1')`;
    const [[second]] = (await stack.as('db_migrator', named)) as [[string]];
    assert.notEqual(first, second);
    // The same name is the same job.
    assert.deepEqual(
      await stack.as('db_migrator', `select cron.schedule('nightly', '30 seconds', 'select 2')`),
      [[second]],
    );
    await stack.as(
      'db_migrator',
      `select cron.alter_job(${first}, active => false, schedule => '59 23 $ * *')`,
    );
    assert.deepEqual(
      await stack.as(
        'db_migrator',
        'select schedule, command, database, username, active, jobname from cron.job order by jobid',
      ),
      [
        ['59 23 $ * *', 'vacuum', 'postgres', 'db_migrator', 'f', null],
        ['30 seconds', 'select 2', 'postgres', 'db_migrator', 't', 'nightly'],
      ],
    );
    assert.deepEqual(
      await stack.as('db_migrator', `select cron.unschedule(${first}), cron.unschedule('nightly')`),
      [['t', 't']],
    );
  });

  it('refuses what could never run, and jobs of others than db_migrator', async () => {
    for (const schedule of ['* * * *', '99 99 * * *', '5-1 * * * *', 'a b c d e', '60 seconds', ''])
      await assert.rejects(stack.as('db_migrator', `select cron.schedule('${schedule}', 'select 1')`), {
        code: '22023',
        message: `invalid schedule: ${schedule}`,
      });
    await assert.rejects(stack.as('db_migrator', `select cron.unschedule('nobody')`), { code: 'P0002' });
    await assert.rejects(stack.asSuperuser(`select cron.schedule('* * * * *', 'select 1')`), {
      code: '42501',
    });
    for (const role of ['web_anon', 'app_user', 'anon', 'service_role'])
      await assert.rejects(stack.asRequest(role, `select cron.schedule('* * * * *', 'select 1')`), {
        code: '42501',
      });
    await assert.rejects(
      stack.as(
        'db_migrator',
        `insert into cron.job (schedule, command, username) values ('* * * * *', 'select 1', 'postgres')`,
      ),
      { code: '42501' },
    );
  });

  it('refuses every schedule that the scheduler could not read, and takes every one that it can', async () => {
    const fields = [
      '*',
      '0',
      '7',
      '8',
      '12',
      '13',
      '23',
      '24',
      '31',
      '32',
      '59',
      '60',
      '$',
      '999999999999',
      '',
      '-1',
      '1,',
    ];
    const parts = [
      '1-3',
      '3-1',
      '*/5',
      '*/0',
      '5/25',
      '1-7/2',
      'JAN',
      'sun',
      'jan-mar',
      'sun-jan',
      'mon,wed-fri',
      '*-2',
      'a',
    ];
    const words = [
      '@daily',
      ' @Reboot ',
      '@never',
      '1 second',
      ' 59  SECONDS',
      '0 seconds',
      '60 seconds',
      '* * * *',
      '* * * * * *',
    ];
    const each = [...fields, ...parts].flatMap(field =>
      [0, 1, 2, 3, 4].map(at => ['*', '*', '*', '*', '*'].with(at, field).join(' ')),
    );
    const texts = [...each, ...words, '\t1\n2  3 4 5 ', '0 0 31 2 *'];
    const rows = await stack.asSuperuser(
      texts.map(text => `select ${isSchedule(`'${text}'::text`)}::text`).join(' union all '),
    );
    assert.deepEqual(
      rows.map(([isOne], at) => [texts[at], isOne]),
      texts.map(text => [text, String(parseJobSchedule(text) !== null)]),
    );
  });

  it('is made once: a second start changes nothing and keeps the jobs', async () => {
    await stack.as('db_migrator', `select cron.schedule('kept', '* * * * *', 'select 1')`);
    const { outcome, failed } = await stack.bootstrap();
    assert.deepEqual({ outcome, failed }, { outcome: 'unchanged', failed: [] });
    assert.deepEqual(await stack.as('db_migrator', 'select jobname from cron.job'), [['kept']]);
  });

  it('is the administrator’s again after it was given away, with no trigger of anybody else’s', async () => {
    const owners = `select relname, relowner::regrole::text from pg_class where relnamespace = 'cron'::regnamespace and relkind in ('r', 'S')
      union all select tgname, tgfoid::regproc::text from pg_trigger where tgrelid = 'cron.job'::regclass and not tgisinternal order by 1`;
    const before = await stack.asSuperuser(owners);
    await stack.asSuperuser('alter table cron.job owner to db_migrator');
    await stack.asSuperuser('alter sequence cron.runid_seq owner to db_migrator');
    await stack.asSuperuser('alter function cron.check_job() owner to db_migrator');
    await stack.as(
      'db_migrator',
      `create function public.climb() returns trigger language plpgsql as 'begin return new; end'`,
    );
    await stack.as(
      'db_migrator',
      'create trigger climb before insert on cron.job for each row execute function public.climb()',
    );
    const { repaired, failed } = await stack.bootstrap();
    assert.deepEqual({ repaired, failed }, { repaired: ['cron'], failed: [] });
    assert.deepEqual(await stack.asSuperuser(owners), before);
    assert.deepEqual(await stack.as('db_migrator', 'select jobname from cron.job'), [['kept']]);
  });
});

describe('the audit of changes, where the server has no pgaudit', () => {
  const log: string[] = [];
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ durable: false, onLog: line => log.push(line) });
    await bootstrapDatabase(server.url, {
      database: 'postgres',
      schemas: ['public'],
      passwords,
      supabase: 'roles',
      roleSettings: {},
    });
  });
  after(() => server.stop());

  it('is a line of the log in pgaudit’s form for each change of the schema, and no password is in it', async () => {
    await run(
      server.url,
      'create table public.films (id int, "odd ""name" text)',
      'alter table public.films add title text',
      'drop table public.films',
      'create extension postgres_fdw',
      'create server away foreign data wrapper postgres_fdw',
      `create user mapping for public server away options (user 'me', password 'open-sesame')`,
    );
    await until(() => log.some(line => line.includes('CREATE USER MAPPING')));
    const lines = log.filter(line => line.includes('AUDIT: SESSION'));
    assert.equal(
      lines.some(line =>
        /AUDIT: SESSION,\d+,1,DDL,CREATE TABLE,TABLE,public\.films,<not logged>,<not logged>$/.test(line),
      ),
      true,
    );
    assert.equal(
      lines.some(line => /,DDL,ALTER TABLE,TABLE,public\.films,/.test(line)),
      true,
    );
    assert.equal(
      lines.some(line => /,DDL,DROP TABLE,TABLE,public\.films,<not logged>,<not logged>$/.test(line)),
      true,
    );
    assert.equal(
      log.some(line => line.includes('open-sesame')),
      false,
    );
  });
});
