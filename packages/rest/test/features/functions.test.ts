import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { signJwt } from '@peakstone/kernel/jwt';
import { httpRequest } from '../support/engine.ts';
import { type Library, startLibrary } from './library.ts';

const SECRET = 'a secret of at least thirty-two characters';

describe('calling functions', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({
      jwtSecret: Buffer.from(SECRET),
      appSettings: new Map([['app.settings.name', 'films']]),
    });
  });
  after(() => library.close());

  it('takes arguments by GET, JSON or form, with defaults', async () => {
    assert.equal((await library.get('/rpc/add?a=1')).text, '11');
    assert.equal((await library.send('POST', '/rpc/add', { a: 1, b: 2 })).text, '3');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await library.send('POST', '/rpc/add', 'a=1&b=3', form)).text, '4');
  });

  it('gathers variadic arguments', async () => {
    assert.equal((await library.get('/rpc/join_all?words=a&words=b')).text, '"a-b"');
    assert.equal((await library.send('POST', '/rpc/join_all', { words: ['a', 'b'] })).text, '"a-b"');
  });

  it('passes the body whole to a single unnamed parameter', async () => {
    assert.deepEqual((await library.send('POST', '/rpc/echo', { x: [1] })).json, { x: [1] });
    const bytes = { 'content-type': 'application/octet-stream' };
    assert.equal((await library.send('POST', '/rpc/length_of', 'hello', bytes)).text, '5');
  });

  it('reads the rows of a function as it reads a table', async () => {
    const { json, headers } = await library.get(
      '/rpc/films_since?since=1950&select=title,directors!director_id(name)&year=lt.1960',
      { prefer: 'count=exact' },
    );
    assert.deepEqual(json, [{ title: 'Ikiru', directors: { name: 'Akira Kurosawa' } }]);
    assert.equal(headers['content-range'], '0-0/1');
  });

  it('filters and orders by columns of the result that are not selected', async () => {
    const answer = await library.get('/rpc/films_since?since=1950&select=id&order=year.desc&title=neq.Ran');
    assert.deepEqual(answer.json, [{ id: 1 }, { id: 2 }]);
    const csv = await library.get('/rpc/films_since?since=1950&select=n:id&order=year.desc&title=neq.Ran', {
      accept: 'text/csv',
    });
    assert.equal(csv.text, 'n\n1\n2');
  });

  it('says which function was meant', async () => {
    const wrong = await library.get('/rpc/add?a=1&c=1');
    assert.equal(wrong.status, 404);
    assert.equal(
      (wrong.json as { hint: string }).hint,
      'Perhaps you meant to call the function api.add(a, b)',
    );
    const twins = await library.get('/rpc/overloaded?a=1');
    assert.equal(twins.status, 300);
    assert.equal((twins.json as { code: string }).code, 'PGRST203');
  });

  it('writes only by POST', async () => {
    const read = await library.get('/rpc/touch');
    assert.equal(read.status, 405);
    assert.equal((await library.send('POST', '/rpc/touch')).status, 204);
    assert.deepEqual((await library.get('/films?id=eq.1&select=year')).json, [{ year: 2000 }]);
    assert.equal((await library.send('PUT', '/rpc/touch')).status, 405);
  });

  it('has no body for void', async () => {
    const { status, text } = await library.get('/rpc/nothing');
    assert.equal(status, 204);
    assert.equal(text, '');
  });

  it('lets the function see the request, as the role of the token', async () => {
    const token = signJwt({ role: library.guest, sub: 'me' }, SECRET);
    const headers = {
      authorization: `Bearer ${token}`,
      'x-test': 'yes',
      cookie: 'a=b',
      prefer: 'timezone=Asia/Tokyo',
    };
    assert.deepEqual((await library.get('/rpc/settings_seen', headers)).json, {
      method: 'GET',
      path: '/rpc/settings_seen',
      claims: { role: library.guest, sub: 'me' },
      role: library.guest,
      search_path: '"api"',
      header: 'yes',
      cookie: 'b',
      read_only: 'on',
      isolation: 'read committed',
      app: 'films',
      zone: 'Asia/Tokyo',
    });
    const isolated = (await library.get('/rpc/isolated')).json as { isolation: string; read_only: string };
    assert.equal(isolated.isolation, 'serializable');
    assert.equal(isolated.read_only, 'on');
  });

  it('leaves nothing of one request to the next', async () => {
    await library.get('/rpc/settings_seen', { 'x-test': 'first' });
    const second = (await library.get('/rpc/settings_seen')).json as {
      header: string | null;
      cookie: string | null;
    };
    assert.equal(second.header, null);
    assert.equal(second.cookie, null);
  });

  it('lets the function set status and headers, or refuse', async () => {
    const tea = await library.get('/rpc/teapot');
    assert.equal(tea.status, 418);
    assert.equal(tea.headers['x-pot'], 'tea');
    const refused = await library.get('/rpc/refuse');
    assert.equal(refused.status, 402);
    assert.deepEqual(refused.json, {
      code: 'PT402',
      details: 'Quota exceeded',
      hint: 'Upgrade',
      message: 'Payment required',
    });
  });

  it('calls the function before each request', async () => {
    const guarded = await library.withConfig({ dbPreRequest: { schema: 'api', name: 'refuse' } });
    assert.equal((await guarded.get('/films')).status, 402);
    await guarded.close();
  });

  it('answers with the media types of the schema', async () => {
    const page = await library.get('/rpc/page', { accept: 'text/html' });
    assert.equal(page.text, '<p>hi</p>');
    assert.equal(page.headers['content-type'], 'text/html');
    const request = httpRequest({ target: '/rpc/image', headers: { accept: 'image/png' } });
    const image = await library.engine.handler(request);
    assert.deepEqual(image.body, Buffer.from([0x89, 0x50, 0x4e, 0x47]));
    assert.equal(
      (await library.get('/directors?id=lt.3&order=id', { accept: 'text/html' })).text,
      '<li>Agnès Varda</li><li>Akira Kurosawa</li>',
    );
    assert.equal((await library.get('/directors?select=id', { accept: 'text/html' })).status, 406);
  });

  it('shows the plan only where the server allows it', async () => {
    const plan = { accept: 'application/vnd.pgrst.plan+json' };
    assert.equal((await library.get('/films', plan)).status, 406);
    const open = await library.withConfig({ dbPlanEnabled: true });
    const answer = await open.get('/films', plan);
    assert.ok('Plan' in ((answer.json as object[])[0] ?? {}), answer.text);
    assert.equal(
      answer.headers['content-type'],
      'application/vnd.pgrst.plan+json; for="application/json"; charset=utf-8',
    );
    await open.close();
  });

  it('stops a read whose client has gone away', async () => {
    let leave = (): void => {};
    const request = {
      ...httpRequest({ target: '/rpc/sleep?seconds=60' }),
      onAborted: (listener: () => void) => {
        leave = listener;
      },
    };
    const answer = library.engine.handler(request);
    const sleeping =
      "select count(*) from pg_stat_activity where datname = current_database() and query like '%\"sleep\"%' and state = 'active' and pid <> pg_backend_pid()";
    const count = async (): Promise<string> =>
      String((await library.engine.pool.query(sleeping)).rows[0]?.[0]);
    while ((await count()) === '0') await delay(10);
    leave();
    assert.equal((await answer).status, 499);
    while ((await count()) !== '0') await delay(10);
  });

  it('tells by OPTIONS what may be done', async () => {
    assert.equal(
      (await library.send('OPTIONS', '/films')).headers.allow,
      'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE',
    );
    assert.equal((await library.send('OPTIONS', '/rpc/touch')).headers.allow, 'OPTIONS,POST');
    assert.equal((await library.send('OPTIONS', '/nowhere')).status, 404);
    // A function is found as a GET would find it, so that what cannot be called is refused here, too.
    const unknownEmbed = await library.send('OPTIONS', '/rpc/touch?films.id=eq.1');
    assert.equal((unknownEmbed.json as { code: string }).code, 'PGRST108');
  });
});
