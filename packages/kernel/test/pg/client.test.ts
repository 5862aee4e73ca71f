import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase, until } from '@peakstone/testing';
import { type Client, ConnectionError, connectClient, PgError } from '../../src/pg/index.ts';

describe('a connection of one’s own', () => {
  let database: TestDatabase;
  let client: Client;
  const notified: string[] = [];
  before(async () => {
    database = await testDatabase();
    client = await connectClient({ url: database.url, onNotify: channel => notified.push(channel) });
  });
  after(async () => {
    client.close();
    await database.drop();
  });
  const one = async (text: string): Promise<string | undefined> =>
    (await client.script(text)).at(-1)?.rows[0]?.[0]?.toString();

  it('keeps a transaction open from script to script, and says when it has failed', async () => {
    await client.script('begin; create table kept (a int)');
    assert.equal(client.transaction, 'open');
    await assert.rejects(client.script('select oops'), (error: unknown) => error instanceof PgError);
    assert.equal(client.transaction, 'failed');
    await client.script('rollback');
    assert.equal(client.transaction, 'none');
    assert.equal(await one(`select to_regclass('kept') is null`), 't');
  });

  it('cancels the script under way in the server, and takes the next one', async () => {
    const [sleeping] = await Promise.allSettled([
      client.script(`select pg_sleep(600)`),
      until(async () => {
        const { rows } = await database.pool.query(
          `select from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'`,
        );
        return rows.length === 1;
      }).then(() => client.cancel()),
    ]);
    assert.ok(sleeping.status === 'rejected' && sleeping.reason.code === '57014');
    assert.equal(await one('select 41 + 1'), '42');
    client.cancel();
    assert.equal(await one('select 43'), '43');
  });

  it('tells what is notified on a channel that a script listens to', async () => {
    await client.script('listen moved; notify moved');
    await until(() => notified.length > 0);
    assert.deepEqual(notified, ['moved']);
  });

  it('is lost for good when the server ends it, and open changes with it', async () => {
    const other = await connectClient({ url: database.url });
    const pid = (await other.script('begin; select pg_backend_pid()'))[1]!.rows[0]![0]!.toString();
    await database.pool.query(`select pg_terminate_backend(${Number(pid)})`);
    await until(() => other.isClosed);
    assert.equal(other.transaction, 'none');
    await assert.rejects(other.script('select 1'), (error: unknown) => error instanceof ConnectionError);
  });
});
