/** What requests send stays out of the server's log. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { connect, holdLock, startTestServer, type TestServer, until } from '@peakstone/testing';
import { type BootstrapOptions, bootstrapDatabase, connectionUrl, readRoleSettings } from '../src/index.ts';
import { passwords } from './bootstrapped.ts';

const CANARY = 'canary-password-4711';
const options: BootstrapOptions = {
  database: 'postgres',
  schemas: ['public'],
  passwords,
  supabase: 'off',
  roleSettings: {
    ...readRoleSettings({}),
    db_authenticator: { ...readRoleSettings({}).db_authenticator, log_min_duration_statement: '0' },
  },
};

describe('a password that a request sends', () => {
  let server: TestServer;
  let requests: Pool;
  const log: string[] = [];
  const url = (role: keyof typeof passwords) =>
    connectionUrl({ host: '127.0.0.1', port: server.port }, 'postgres', role, passwords[role]);

  before(async () => {
    server = await startTestServer({ durable: false, onLog: line => log.push(line) });
    await bootstrapDatabase(server.url, options);
    const admin = connect(server.url);
    // As talkative as an operator who looks for slow statements can make it.
    for (const [name, value] of Object.entries({
      'auto_explain.log_min_duration': '0',
      log_min_duration_statement: '0',
      log_lock_waits: 'on',
      deadlock_timeout: '10ms',
    }))
      await admin.query(`alter system set ${name} = '${value}'`);
    await admin.query('select pg_reload_conf()');
    await admin.close();
    const migrator = connect(url('db_migrator'));
    await migrator.script(`
      create table people (email text primary key, secret text);
      insert into people select 'user' || n, crypt('secret' || n, gen_salt('bf', 4)) from generate_series(1, 3) as n;
      create function login(email text, secret text) returns boolean language plpgsql security definer set search_path = public, extensions as $$
        declare found text;
        begin
          perform pg_advisory_xact_lock_shared(4711);
          update people set secret = crypt(login.secret, people.secret) where people.email = login.email and people.secret = crypt(login.secret, people.secret);
          return exists (select from people p where p.email = login.email and p.secret = crypt(login.secret, p.secret));
        end $$;
      create function login_inline(email text, secret text) returns setof text language sql stable as $$
        select p.email from people p where p.email = login_inline.email and p.secret = crypt(login_inline.secret, p.secret) $$;
      create function refuse(secret text) returns boolean language plpgsql as $$
        begin perform secret::integer; return true; exception when others then raise exception 'refused'; end $$`);
    await migrator.close();
    requests = createPool({ url: url('db_authenticator'), size: 2, sharedSize: 0 });
  });
  after(async () => {
    await requests.close();
    await server.stop();
  });

  const ask = (text: string, ...values: string[]) =>
    requests.exchange({
      statements: [
        { text: "select set_config('role', 'web_anon', true)", values: [] },
        { text, values },
      ],
    });
  /** Settles once the log holds what happened before. */
  const logged = async () => {
    const mark = `mark-${log.length}`;
    const admin = connect(server.url);
    await admin.query(`do $$ begin raise log '${mark}'; end $$`);
    await admin.close();
    await until(() => log.some(line => line.includes(mark)));
  };

  const linesWithCanary = async () => {
    await logged();
    return log.filter(line => line.includes(CANARY));
  };

  it('is in no log of a login that waits for a lock, however slow it is', async () => {
    const lock = await holdLock({ superuserUrl: server.url });
    const login = ask('select login($1, $2)', 'user1', CANARY);
    await lock.waiting(1);
    await until(() => log.some(line => line.includes('still waiting')));
    await lock.release();
    await login;
    assert.deepEqual(await linesWithCanary(), []);
    assert.ok(
      log.some(line => line.includes('select login($1, $2)')),
      'the statement itself is logged',
    );
  });

  it('is in no log of a plan that it has become a part of', async () => {
    for (let n = 0; n < 8; n++) await ask('select * from login_inline($1, $2)', 'user1', CANARY);
    await ask('select email from people where secret = $1', CANARY);
    assert.deepEqual(await linesWithCanary(), []);
  });

  it('is in no log of a statement that fails, or is cancelled while it waits', async () => {
    await assert.rejects(ask('select refuse($1)', CANARY), /refused/);
    await assert.rejects(ask('select 1 / (length($1) - length($2))', CANARY, CANARY), /division by zero/);
    const lock = await holdLock({ superuserUrl: server.url });
    const aborter = new AbortController();
    const login = requests.exchange({
      statements: [
        { text: "select set_config('role', 'web_anon', true)", values: [] },
        { text: 'select login($1, $2)', values: ['user1', CANARY] },
      ],
      signal: aborter.signal,
    });
    await lock.waiting(1);
    aborter.abort();
    await assert.rejects(login);
    await lock.release();
    assert.deepEqual(await linesWithCanary(), []);
  });

  it('is in no log of a statement written by hand that fails', async () => {
    for (const role of ['db_migrator', 'hasura'] as const) {
      const client = connect(url(role));
      const statement = `alter role no_such_role password '${CANARY}'`;
      await assert.rejects(client.query(statement));
      await assert.rejects(client.query(`do $$ begin execute $text$${statement}$text$; end $$`));
      await client.close();
    }
    await logged();
    // Beside what an operator who looks for slow statements has asked for.
    const told = log.filter(line => !line.includes('LOG:  duration:'));
    assert.ok(told.some(line => line.includes('role "no_such_role" does not exist')));
    assert.deepEqual(
      told.filter(line => line.includes(CANARY)),
      [],
    );
  });
});
