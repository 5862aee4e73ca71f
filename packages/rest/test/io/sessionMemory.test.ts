import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, readsServerMemory, startTestServer, type TestServer } from '@peakstone/testing';
import { askFiveTimes } from './support/fiveTimes.ts';
import { type Server, startServer } from './support/server.ts';

const MiB = 1024 * 1024;
const sessionBytes = 256 * MiB;

describe('a value for which a session has no memory', { skip: !readsServerMemory }, () => {
  let postgres: TestServer;
  let bounded: Server;
  let alone: Server;
  before(async () => {
    postgres = await startTestServer({ durable: false, sessionMemoryBytes: sessionBytes });
    const admin = connect(postgres.url);
    await admin.script(`
      create role anon;
      create table long (id int primary key, text text);
      alter table long alter text set storage external;
      insert into long values (1, 'short');
      -- In pieces, as the session that makes it has no memory either.
      create view longer as select id, repeat(text, 60000000) as text from long;
      create function long_text() returns text language sql stable as $$ select repeat('x', 300000000) $$;
      create function doubled() returns int language plpgsql stable as $$
        declare t text := 'x'; begin loop t := t || t; end loop; end $$;
      create function collected() returns int language sql stable set work_mem = '2GB' as $$
        select count(*)::int from (select g::text, count(*) from generate_series(1, 20000000) g group by 1) _ $$;
      grant select on long, longer to anon;`);
    await admin.close();
    const served = { url: postgres.url, anon: 'anon', name: 'postgres' };
    const settings = { 'db-pool': '8', 'db-pool-acquisition-timeout': '300' };
    bounded = await startServer(served, { ...settings, 'db-max-result-bytes': String(64 * MiB) });
    alone = await startServer(served, settings);
  });
  after(async () => {
    await bounded?.stop();
    await alone?.stop();
    await postgres?.stop();
  });

  for (const path of ['/longer', '/longer?id=eq.1&select=text', '/rpc/long_text'])
    it(`is refused as an answer that is too large, five at once beside a neighbour: ${path}`, async () => {
      const { answers, memory } = await askFiveTimes(
        bounded.url,
        { superuserUrl: postgres.url },
        path,
        {},
        async () => {
          const response = await bounded.get('/long?select=id');
          assert.deepEqual(await response.json(), [{ id: 1 }]);
        },
      );
      for (const { status, text } of answers) {
        assert.equal(status, 400);
        assert.match(
          text,
          /"code":"PEAK133","details":"53200: out of memory. Failed on request of size \d+ in memory context .*DATABASE_SESSION_MEMORY_MB.*"PostgreSQL has no memory for the answer, or for a value that it is made from"/,
        );
      }
      assert.ok(memory.peakBytes < 5 * sessionBytes + 8 * 16 * MiB, `${memory.peakBytes / MiB} MiB`);
    });

  it("is told in PostgreSQL's words by the service alone", async () => {
    const response = await alone.get('/rpc/long_text');
    assert.equal(response.status, 503);
    assert.match(await response.text(), /"code":"53200","details":"Failed on request/);
  });

  for (const path of ['/rpc/doubled', '/rpc/collected'])
    it(`is not what is told of where something else has none: ${path}`, async () => {
      const response = await bounded.get(path);
      assert.equal(response.status, 503);
      assert.match(await response.text(), /"code":"53200",.*"message":"out of memory"/);
    });
});
