/** A backup of a server that does much by itself: restored to be looked at, it does none of it. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, type SqlClient, until } from '@peakstone/testing';
import { restoreBackup, testBackup } from '../src/index.ts';
import { type Lab, openLab } from './lab.ts';

describe('a restored server that is only looked at', () => {
  let lab: Lab;
  let publisher: SqlClient;
  const outside = (name: string) => path.join(lab.folder, name);
  before(async () => {
    lab = await openLab();
    await lab.sql.query('create database publisher');
    publisher = connect(lab.server.url.replace('/postgres?', '/publisher?'));
    await publisher.script(`create table orders (id int primary key); create publication p for table orders;
      insert into orders values (1)`);
    await publisher.query(`select pg_create_logical_replication_slot('of_production', 'pgoutput')`);
    const at = `host=${lab.server.socketDir} port=${lab.server.port} dbname=publisher user=postgres`;
    await lab.sql.script('create table orders (id int primary key); create table logins (at timestamptz)');
    await lab.sql.script(`create subscription s connection '${at}' publication p
      with (create_slot = false, slot_name = 'of_production', copy_data = true)`);
    await until(async () => (await lab.sql.query('select from orders')).length === 1);
    await lab.sql.script(`
      create function tell_login() returns event_trigger language plpgsql as $$ begin insert into logins values (now()); end $$;
      create event trigger l on login execute function tell_login(); alter event trigger l enable always`);
    // Read when a server starts, which this one does not any more.
    for (const setting of [
      'archive_mode = on',
      `archive_command = 'touch ${outside('archived')}'`,
      `external_pid_file = '${outside('production.pid')}'`,
      'logging_collector = on',
      `log_directory = '${lab.folder}'`,
      `log_filename = 'production.log'`,
      'ssl = on',
      `ssl_key_file = '${outside('no.key')}'`,
      `synchronous_standby_names = '*'`,
      `session_preload_libraries = 'no_such_library'`,
      `hba_file = '${outside('no_hba.conf')}'`,
      `listen_addresses = '*'`,
      'max_logical_replication_workers = 8',
    ])
      await lab.sql.query(`alter system set ${setting}`);
    appendFileSync(
      path.join(lab.server.dataDir, 'postgresql.conf'),
      `data_directory = '${lab.server.dataDir}'\n`,
    );
    await lab.backUp();
    // From here on the slot is free, for whoever came to fetch in its subscriber's place.
    await lab.sql.query('alter subscription s disable');
    await until(
      async () => (await publisher.query('select active from pg_replication_slots'))[0]![0] === 'f',
    );
    await publisher.query('insert into orders values (2)');
  });
  after(async () => {
    await publisher.close();
    await lab.sql.query('alter subscription s set (slot_name = none)');
    await lab.sql.query('drop subscription s');
    await lab.close();
  });

  it('fetches nothing for its subscriptions, archives nothing, and leaves files, keys and slots of the real one alone', async () => {
    const slot = async () =>
      publisher.query('select active, confirmed_flush_lsn, restart_lsn from pg_replication_slots');
    const before = await slot();
    let found: (string | null)[][] = [];
    await restoreBackup({
      ...{ vault: await lab.vault(), into: outside('restored'), owner: lab.owner, start: lab.start },
      target: { kind: 'latest' },
      onEvent: () => undefined,
      signal: new AbortController().signal,
      inspect: async ({ url }) => {
        const client = connect(url);
        found = await client.query(`
          select (select string_agg(id::text, ' ') from orders), (select count(*)::text from logins),
            (select subenabled::text from pg_subscription),
            (select string_agg(backend_type, ', ') from pg_stat_activity where backend_type ~ 'logical|archiver|logger|walsender|autovacuum'),
            current_setting('data_directory'), current_setting('listen_addresses')`);
        // A commit, which waits for no standby.
        await client.query('create table made_here (id int)');
        await client.close();
      },
    });
    const [orders, logins, enabled, workers, folder, addresses] = found[0]!;
    assert.deepEqual([orders, logins, enabled, workers, addresses], ['1', '0', 'true', null, '']);
    assert.notEqual(folder, lab.server.dataDir);
    assert.deepEqual(await slot(), before);
    for (const name of ['archived', 'production.pid', 'production.log'])
      assert.equal(existsSync(outside(name)), false, name);
  });

  it('is tried by the test of a backup, which reads all of it', async () => {
    const result = await testBackup({
      ...{ vault: await lab.vault(), start: lab.start, owner: lab.owner, writer: lab.writer },
      scratch: outside('test'),
      onEvent: () => undefined,
      signal: new AbortController().signal,
    });
    assert.equal(result.ok, true, result.text);
  });
});
