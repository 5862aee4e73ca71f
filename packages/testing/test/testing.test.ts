import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@peakstone/database';
import { startTestServer, testDatabase } from '../src/index.ts';

describe('a test database', () => {
  it('is fresh, holds the given SQL, is owned by an ordinary role, and goes away', async () => {
    const database = await testDatabase({ sql: 'create table films (id int)' });
    const client = connect(database.url);
    assert.deepEqual(
      await client.query(
        'select current_database(), rolsuper::text from pg_roles where rolname = current_user',
      ),
      [[database.name, 'false']],
    );
    await client.script('create schema own');
    await client.close();
    const admin = connect(database.superuserUrl);
    assert.deepEqual(await admin.query('select count(*) from films'), [['0']]);
    await admin.close();
    assert.equal((await database.pool.query('select 1')).rows.length, 1);
    await database.drop();
    const gone = connect(database.superuserUrl);
    await assert.rejects(gone.query('select 1'), /does not exist/);
    await gone.close();
  });
});

describe('a test server', () => {
  it('survives kill -9 with what was committed, on the same port', async () => {
    const server = await startTestServer();
    try {
      const before = connect(server.url);
      await before.script('create table kept (id int)');
      await before.script('insert into kept values (1)');
      await before.close();
      await server.kill9();
      await server.restart();
      const after = connect(server.url);
      assert.deepEqual(await after.query('select id from kept'), [['1']]);
      await after.close();
    } finally {
      await server.stop();
    }
  });
});
