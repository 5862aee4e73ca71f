import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type HttpServer, serveHttp } from '@peakstone/kernel/http';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Library, startLibrary } from './library.ts';

const streamed = { prefer: 'stream' };

describe('a streamed read', () => {
  let library: Library;
  let admin: Pool;
  let server: HttpServer;
  let url: string;
  const errors: unknown[] = [];
  before(async () => {
    const maker = await startLibrary({ beyond: { ...defaultBeyond, stream: true } });
    admin = createPool({ url: maker.database.superuserUrl, size: 1, sharedSize: 0 });
    await admin.script(`
      create table api.big (id int primary key, text text, empty int);
      insert into api.big select g, repeat('x', 500), null from generate_series(1, 20000) g;
      create view api.fragile as select id, 1 / (15000 - id) as inverse from api.big;
      create view api.broken as select id, 1 / (1 - id) as inverse from api.big;
      create view api.endless as select g as id, pg_sleep(0.001) is null as slow from generate_series(1, 1000000) g;
      grant select on api.big, api.fragile, api.broken, api.endless to ${maker.guest}`);
    library = await maker.withConfig({});
    server = await serveHttp(library.engine.handler, {
      host: '127.0.0.1',
      port: 0,
      onError: error => void errors.push(error),
    });
    url = `http://127.0.0.1:${server.port}`;
    await maker.engine.close();
  });
  after(async () => {
    await server.close(0);
    await library.engine.close();
    await admin.script(`drop owned by ${library.guest} cascade; drop role ${library.guest}`);
    await admin.close();
    await library.database.drop();
  });

  it('has the same bytes as one made whole', async () => {
    for (const target of [
      '/films?order=id',
      '/films?select=id,directors!director_id(name),actors(name)&order=id.desc&limit=3',
      '/films?id=eq.-1',
      '/films?id=eq.1',
      '/films?select=year&year=is.null',
      '/big?select=id,text&order=id',
    ]) {
      for (const accept of [
        'application/json',
        'application/vnd.pgrst.array+json;nulls=stripped',
        'text/csv',
      ]) {
        const whole = await library.get(target, { accept });
        const sent = await library.get(target, { accept, ...streamed });
        assert.equal(sent.status, 200);
        assert.equal(sent.text, whole.text, `${target} as ${accept}`);
        assert.equal(sent.headers['preference-applied'], 'stream');
        assert.equal(sent.headers['content-type'], whole.headers['content-type']);
        assert.equal(sent.headers['content-location'], whole.headers['content-location']);
        assert.equal(sent.headers['content-range'], undefined);
      }
    }
  });

  it('is sent in chunks', async () => {
    const response = await fetch(`${url}/big`, { headers: streamed });
    assert.equal(response.headers.get('content-length'), null);
    assert.equal(((await response.json()) as unknown[]).length, 20000);
  });

  it('is refused as usual before the first row', async () => {
    for (const [target, status, code] of [
      ['/settings', 401, '42501'],
      ['/films?id=eq.x', 400, '22P02'],
      ['/broken?order=id', 400, '22012'],
      ['/nowhere', 404, 'PGRST205'],
    ] as const) {
      const answer = await library.get(target, streamed);
      assert.deepEqual([answer.status, (answer.json as { code: string }).code], [status, code], target);
    }
  });

  it('breaks off visibly at an error behind the first row', async () => {
    const response = await fetch(`${url}/fragile`, { headers: streamed });
    assert.equal(response.status, 200);
    await assert.rejects(response.text(), /terminated|aborted/);
    assert.deepEqual(errors.splice(0).map(String), ['PgError: division by zero']);
  });

  it('stops the statement when the client leaves', async () => {
    const leave = new AbortController();
    const response = await fetch(`${url}/endless`, { headers: streamed, signal: leave.signal });
    const reader = response.body!.getReader();
    await reader.read();
    leave.abort();
    const running = async (): Promise<number> =>
      Number(
        (
          await admin.query(
            `select count(*) from pg_stat_activity where datname = current_database() and query like '%endless%' and state = 'active' and pid <> pg_backend_pid()`,
          )
        ).rows[0]?.[0],
      );
    const deadline = Date.now() + 60_000;
    while ((await running()) > 0) {
      assert.ok(Date.now() < deadline, 'the statement still runs');
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    assert.equal((await library.get('/films?limit=1', streamed)).status, 200);
    // That a client leaves is no fault of the service's.
    assert.deepEqual(errors, []);
  });

  it('lets the database set status and headers before it begins', async () => {
    const dressed = await library.withConfig({ dbPreRequest: { schema: 'api', name: 'teapot' } });
    const answer = await dressed.get('/films?select=id&limit=1', streamed);
    assert.deepEqual([answer.status, answer.headers['x-pot'], answer.json], [418, 'tea', [{ id: 1 }]]);
    await dressed.engine.close();
  });

  it('is made whole where it has to be', async () => {
    for (const [target, headers] of [
      ['/films?limit=1', { prefer: 'stream, count=exact' }],
      ['/films?id=eq.1', { ...streamed, accept: 'application/vnd.pgrst.object+json' }],
      ['/rpc/films_since?since=1900', streamed],
    ] as const) {
      const answer = await library.get(target, headers);
      assert.match(answer.headers['content-range'] ?? '', /^0-/, target);
      assert.doesNotMatch(answer.headers['preference-applied'] ?? '', /stream/);
    }
    const plain = await library.withConfig({ beyond: defaultBeyond });
    assert.equal((await plain.get('/films', streamed)).headers['content-range'], '0-3/*');
    await plain.engine.close();
  });
});
