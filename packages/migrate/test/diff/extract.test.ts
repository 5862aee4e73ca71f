import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectClient } from '@peakstone/kernel/pg';
import { connect, testDatabase, until } from '@peakstone/testing';
import { loadPgDelta } from '../../src/diff/index.ts';

describe('a database that is read for a diff', () => {
  it('is left at once by Ctrl-C, be it that the reading waits for a lock', async () => {
    const engine = await loadPgDelta();
    const database = await testDatabase({ sql: 'create table t (id int)' });
    const holder = await connectClient({ url: database.superuserUrl });
    const looker = connect(database.superuserUrl);
    try {
      await holder.script('begin; lock table pg_catalog.pg_policy in access exclusive mode');
      const interrupted = new AbortController();
      const reading = engine.extract(database.superuserUrl, interrupted.signal);
      reading.catch(() => undefined);
      const waiting = `select from pg_catalog.pg_locks where relation = 'pg_catalog.pg_policy'::regclass and not granted`;
      await until(async () => (await looker.query(waiting)).length > 0);
      interrupted.abort();
      await assert.rejects(reading, /terminated/);
    } finally {
      holder.close();
      await looker.close();
      await database.drop();
    }
  });
});
