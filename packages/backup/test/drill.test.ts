/** A test of a backup whose database has settings of its own, by which reading it would fail or never end. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectClient } from '@peakstone/kernel/pg';
import { connect, until } from '@peakstone/testing';
import { type StartRestored, testBackup } from '../src/index.ts';
import { type Lab, openLab } from './lab.ts';

describe('a test of a backup', () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab({
      sql: `insert into ledger select g from generate_series(1, 20000) g;
        create materialized view latest as select max(id) from ledger;
        create materialized view empty as select id from ledger with no data`,
    });
    for (const setting of [
      `system set synchronous_standby_names = 's1'`,
      `system set recovery_min_apply_delay = '1d'`,
      `system set lock_timeout = '1ms'`,
      `database postgres set statement_timeout = '1ms'`,
      `database postgres set transaction_timeout = '1ms'`,
      `database postgres set session_preload_libraries = 'nosuch_library'`,
      `database postgres set default_transaction_read_only = on`,
      `database postgres set zero_damaged_pages = on`,
      `database postgres set synchronous_commit = on`,
      `database postgres set exit_on_error = on`,
      `role postgres set role = 'db_backup'`,
    ])
      await lab.sql.query(`alter ${setting}`);
    await lab.backUp();
  });
  after(() => lab.close());

  const test = async (name: string, start: StartRestored, signal: AbortSignal) => {
    const { writer, owner } = lab;
    const scratch = path.join(lab.folder, name);
    const options = { writer, owner, start, scratch, onEvent: () => undefined, signal };
    return await testBackup({ ...options, vault: await lab.vault() });
  };

  it('reads everything, whatever the database and its roles have been given', async () => {
    const { signal } = new AbortController();
    let settings: string[] = [];
    const tested = await test(
      'read',
      async (folder, how) => {
        const server = await lab.start(folder, how);
        const client = connect(server.url);
        const [row] = await client.query(
          `select current_user, current_setting('zero_damaged_pages'), current_setting('synchronous_standby_names'), current_setting('recovery_min_apply_delay')`,
        );
        settings = row!.map(String);
        await client.close();
        return server;
      },
      signal,
    );
    // The view that is filled is read, and the other one is no damage.
    assert.deepEqual([tested.ok, tested.tables, tested.rows], [true, 2, 20001], tested.text);
    assert.deepEqual(settings, ['postgres', 'off', '', '0']);
  });

  it('checks with amcheck’s own functions, whoever writes in the schema that it is in', async () => {
    await lab.sql.script(`create schema peakstone_amcheck; create schema ours;
      alter extension amcheck set schema ours;
      create function ours.verify_heapam(regclass) returns table (msg text) language sql as $$ select 'not amcheck' $$;
      create function ours.bt_index_check(regclass, int = 0) returns void language plpgsql as $$ begin raise 'not amcheck'; end $$`);
    await lab.backUp();
    const tested = await test('ours', lab.start, new AbortController().signal);
    assert.equal(tested.ok, true, tested.text);
    assert.ok(tested.indexes > 0);
  });

  it('that waits for ever ends when it is told to, and leaves nothing', async () => {
    const ending = new AbortController();
    let waits: (() => Promise<boolean>) | undefined;
    const testing = test(
      'waiting',
      async (folder, how) => {
        const server = await lab.start(folder, how);
        const holder = await connectClient({ url: server.url });
        await holder.script('begin; lock table ledger in access exclusive mode');
        waits = async () => {
          const [found] = await holder.script('select from pg_locks where not granted');
          return found!.rows.length > 0;
        };
        return server;
      },
      ending.signal,
    );
    const ended = assert.rejects(testing, /enough/);
    await until(async () => (await waits?.()) === true);
    ending.abort(new Error('enough'));
    await ended;
    assert.equal(existsSync(path.join(lab.folder, 'waiting')), false);
  });
});
