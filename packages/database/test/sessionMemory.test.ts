import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from '@peakstone/testing';
import { connectionUrl, type Server } from '../src/index.ts';
import { remove, start, temporaryFolder } from './support.ts';

const MB = 1024 * 1024;
const skip = process.platform === 'linux' ? false : 'the system has no such limit';

describe('a session that would take too much memory', { skip }, () => {
  let folder: string;
  let server: Server;
  before(async () => {
    folder = temporaryFolder();
    server = await start(path.join(folder, 'postgres'), { sessionMemoryBytes: 256 * MB });
  });
  after(async () => {
    await server.stop();
    remove(folder);
  });
  const login = () =>
    connect(connectionUrl({ host: server.socketDir, port: server.port }, 'postgres', server.superuser));

  it('is refused the statement, goes on with others, and costs nobody else anything', async () => {
    const other = login();
    const greedy = login();
    try {
      await other.query('create temporary table kept as select 1 as id');
      for (const sql of [
        "select length(repeat('x', 600000000))",
        "select length(json_agg(repeat('x', 1000))::text) from generate_series(1, 1000000)",
        "do $$ declare t text := 'x'; begin loop t := t || t; end loop; end $$",
      ]) {
        await assert.rejects(greedy.query(sql), { code: '53200' }, sql);
        assert.deepEqual(await greedy.query('select 1'), [['1']]);
      }
      // What is shared does not count: it is there once.
      assert.deepEqual(await greedy.query('select count(*) from generate_series(1, 100000)'), [['100000']]);
      assert.deepEqual(await other.query('select id from kept'), [['1']]);
    } finally {
      await greedy.close();
      await other.close();
    }
  });
});
