import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Fixture, restFixture } from './support/fixture.ts';
import { startServer, withServer } from './support/server.ts';
import { bearer } from './support/token.ts';

let fixture: Fixture;
before(async () => {
  fixture = await restFixture();
});
after(() => fixture?.drop());

describe('the log', () => {
  it('tells how the start went', async () => {
    await withServer(fixture, { 'admin-server-unix-socket': `/tmp/${fixture.name}.sock` }, async server => {
      await server.untilListening();
      const log = server.err.join('\n');
      for (const line of [
        /^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}: Starting PostgREST \d+\.\d+/,
        /: Admin server listening on \/tmp\/\S+\.sock$/m,
        /: API server listening on 127\.0\.0\.1:\d+$/m,
        /: Successfully connected to PostgreSQL 17/,
        /: Connection Pool initialized with a maximum size of 4 connections$/m,
        /: Schema cache queried in \d+\.\d milliseconds$/m,
        /: Schema cache loaded \d+ Relations, \d+ Relationships, \d+ RPCs, 0 Domain Representations, 0 Media Type Handlers$/m,
        /: Schema cache loaded in \d+\.\d milliseconds$/m,
        new RegExp(
          `: Listener connected to PostgreSQL 17.* on "\\S+:\\d+" and listening for database notifications on the "${fixture.name}" channel$`,
          'm',
        ),
      ]) {
        assert.match(log, line);
      }
      assert.equal(log.includes(new URL(fixture.url).password), false);
    });
  });

  it('names the role of each request, when it is known', async () => {
    await withServer(fixture, {}, async server => {
      await server.get('/items');
      await server.get('/authors_only', bearer({ role: fixture.author }));
      await server.get('/items', bearer({ exp: 1 }));
      await fetch(`${server.url}/rpc/sleep`, { method: 'PUT' });
      const seen = server.out.map(line =>
        /^\S+ - (\S+) \[[^\]]+\] "(\S+ \S+) HTTP\/1\.1" (\d+)/.exec(line)?.slice(1),
      );
      assert.deepEqual(seen, [
        [fixture.anon, 'GET /items', '200'],
        [fixture.author, 'GET /authors_only', '200'],
        ['-', 'GET /items', '401'],
        [fixture.anon, 'PUT /rpc/sleep', '405'],
      ]);
    });
  });

  it('has a line for OPTIONS, but none for a preflight', async () => {
    await withServer(fixture, { 'server-cors-allowed-origins': 'http://example.com' }, async server => {
      await fetch(`${server.url}/items`, { method: 'OPTIONS' });
      const preflight = await fetch(`${server.url}/items`, {
        method: 'OPTIONS',
        headers: { Origin: 'http://example.com', 'Access-Control-Request-Method': 'POST' },
      });
      assert.equal(preflight.headers.get('access-control-allow-origin'), 'http://example.com');
      assert.deepEqual(
        server.out.map(line => /"(\S+)/.exec(line)?.[1]),
        ['OPTIONS'],
      );
    });
  });

  it('holds what the database refused as broken, not what a client did wrong', async () => {
    await withServer(fixture, { 'log-level': 'error' }, async server => {
      assert.equal((await server.get('/rpc/broken')).status, 500);
      assert.equal((await server.get('/restricted')).status, 401);
      const errors = server.err.filter(line => line.includes('{"code"'));
      assert.equal(errors.length, 1);
      assert.match(errors[0]!, /\{"code":"XX000","details":null,"hint":null,"message":"broken"\}$/);
      assert.equal(server.out.length, 1);
    });
  });

  it('holds the SQL of the requests that are logged, when asked to', async () => {
    await withServer(fixture, { 'log-query': 'true', 'log-level': 'info' }, async server => {
      await server.get('/items?id=eq.1');
      const queries = server.err.filter(line => /"public"\."items"/.test(line));
      assert.equal(queries.length, 1);
      assert.match(queries[0]!, /: .*"public"\."items".*\$\d/);
      assert.ok(server.err.some(line => /: select .*set_config\('search_path'/.test(line)));
    });
    await withServer(fixture, { 'log-query': 'true', 'log-level': 'error' }, async server => {
      await server.get('/items?id=eq.1');
      assert.equal(server.err.filter(line => /"public"\."items"/.test(line)).length, 0);
      await server.get('/rpc/broken');
      assert.ok(server.err.some(line => /"broken"/.test(line)));
    });
  });

  it('tells of the pool and of tokens when debugging', async () => {
    await withServer(fixture, { 'log-level': 'debug' }, async server => {
      await server.get('/items', bearer({}));
      for (const line of [
        'Trying to borrow a connection from pool',
        'Borrowed a connection from the pool',
        'Looked up a JWT in JWT cache',
        'Database connection pool flushed',
      ]) {
        assert.ok(
          server.err.some(text => text.endsWith(line)),
          line,
        );
      }
      assert.ok(server.err.some(line => /Connection \d+ is available/.test(line)));
    });
  });

  it('warns of filters that will stop working', async () => {
    const related = await restFixture(`
      create table parents (id int primary key, name text);
      create table aunts (id int primary key, name text);
      create table children (id int primary key, parent_id int references parents, aunt_id int references aunts);
      grant select on parents, aunts, children to :anon;`);
    const server = await startServer(related);
    try {
      const path =
        '/children?select=id,boss:parents(name),kin:aunts(name)&parents.order=name&aunts.name=eq.x';
      const response = await server.get(path);
      assert.equal(response.status, 200);
      assert.match(
        response.headers.get('warning') ?? '',
        /^299 PostgRESTv\S+ "Embedded resource was referenced/,
      );
      assert.ok(
        server.err.some(line =>
          line.includes(`that use \`parents\` to \`boss\`, \`aunts\` to \`kin\` in \`GET ${path}\``),
        ),
      );
    } finally {
      await server.stop();
      await related.drop();
    }
  });
});

describe('headers for operators', () => {
  it('pass a trace header through every response', async () => {
    await withServer(fixture, { 'server-trace-header': 'X-Request-Id' }, async server => {
      for (const path of ['/items', '/nope']) {
        const response = await server.get(path, { 'x-request-id': 'abc' });
        assert.equal(response.headers.get('x-request-id'), 'abc');
      }
      assert.equal((await server.get('/items')).headers.get('x-request-id'), '');
    });
  });

  it('name the server', async () => {
    await withServer(fixture, {}, async server => {
      assert.match(
        (await server.get('/items')).headers.get('server') ?? '',
        /^postgrest\/\d+\.\d+ \(PeakStone /,
      );
    });
  });

  it('tell the time of each stage when asked to', async () => {
    await withServer(fixture, { 'server-timing-enabled': 'true' }, async server => {
      const timing = (await server.get('/rpc/sleep?seconds=0.2')).headers.get('server-timing') ?? '';
      assert.match(
        timing,
        /jwt;dur=[\d.]+, parse;dur=[\d.]+, plan;dur=[\d.]+, transaction;dur=[\d.]+, response;dur=/,
      );
      const transaction = Number(/transaction;dur=([\d.]+)/.exec(timing)?.[1]);
      // In milliseconds.
      assert.ok(transaction >= 200 && transaction < 100_000, timing);
    });
  });

  it('name the error for proxies, and hide details when told to', async () => {
    await withServer(fixture, { 'client-error-verbosity': 'minimal' }, async server => {
      const response = await server.get('/nope');
      assert.equal(response.headers.get('proxy-status'), 'PostgREST; error=PGRST205');
      assert.deepEqual(Object.keys((await response.json()) as object), ['code', 'message']);
    });
  });
});
