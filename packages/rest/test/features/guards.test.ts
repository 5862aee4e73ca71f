import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HttpError, responseHeader } from '@peakstone/kernel/http';
import { createPool } from '@peakstone/kernel/pg';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { httpRequest, readText } from '../support/engine.ts';
import { type Library, startLibrary } from './library.ts';

describe('writes without a filter', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({
      beyond: { ...defaultBeyond, safeUpdate: true, batchPath: '/batch' },
    });
  });
  beforeEach(() => library.reset());
  after(() => library.close());

  const count = async (): Promise<number> => ((await library.get('/films')).json as unknown[]).length;

  it('are refused with what to write instead', async () => {
    const refused = await library.send('DELETE', '/films');
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.json, {
      code: '21000',
      details: 'This DELETE has no filter, so that it would write every row.',
      hint: 'Say which rows are meant, such as id=eq.1; or that all are, by id=not.is.null.',
      message: 'DELETE requires a WHERE clause',
    });
    const patched = await library.send('PATCH', '/films', { title: 'One' });
    assert.deepEqual(
      [patched.status, (patched.json as { message: string }).message],
      [400, 'UPDATE requires a WHERE clause'],
    );
    assert.equal(await count(), 4);
  });

  it('are none by what only chooses embedded rows, columns or a page', async () => {
    for (const query of ['select=id', 'select=*,roles(*)&roles.part=eq.x', 'limit=1', 'order=id']) {
      assert.equal((await library.send('DELETE', `/films?${query}`)).status, 400, query);
    }
    const batch = await library.send('POST', '/batch', [{ method: 'DELETE', path: '/films' }]);
    assert.deepEqual([batch.status, (batch.json as { code: string }).code], [400, '21000']);
    assert.equal(await count(), 4);
  });

  it('go through once a filter says so', async () => {
    assert.equal((await library.send('PATCH', '/films?id=eq.1', { title: 'One' })).status, 204);
    assert.equal((await library.send('DELETE', '/films?or=(id.eq.1,id.eq.2)')).status, 204);
    assert.equal(await count(), 2);
    assert.equal((await library.send('DELETE', '/films?id=not.is.null')).status, 204);
    assert.equal(await count(), 0);
  });
});

describe('Content-Location', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, contentLocationMaxBytes: 4096 } });
  });
  after(() => library.close());

  it('is left out where it would be longer than the limit', async () => {
    const ids = (count: number): string => Array.from({ length: count }, (_, i) => i + 1).join(',');
    const short = await library.get(`/films?select=id&id=in.(${ids(3)})`);
    assert.match(short.headers['content-location'] ?? '', /^\/films\?id=in\./);
    const long = await library.get(`/films?select=id&order=id&id=in.(${ids(2000)})`);
    assert.equal(long.headers['content-location'], undefined);
    assert.deepEqual(long.json, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
  });

  it('tells a table whose name no header can hold as a URL does', async () => {
    const admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
    await admin.script(
      'create table api."odd\n\x1b" (id int primary key); grant all on api."odd\n\x1b" to public',
    );
    await admin.close();
    const odd = await library.withConfig({});
    const inserted = await odd.send('POST', '/odd%0A%1B', { id: 1 }, { prefer: 'return=headers-only' });
    assert.deepEqual([inserted.status, inserted.headers.location], [201, '/odd%0A%1B?id=eq.1']);
    const read = await odd.get('/odd%0A%1B');
    assert.deepEqual([read.status, read.headers['content-location']], [200, '/odd%0A%1B']);
    await odd.close();
  });
});

describe('a large body', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, anonMaxBodyBytes: 100_000 } });
  });
  beforeEach(() => library.reset());
  after(() => library.close());

  /** Sends a body of that length, and tells whether anybody has asked for it. */
  async function send(
    method: string,
    target: string,
    length: number,
  ): Promise<{ status: number; code: string; isRead: boolean }> {
    let isRead = false;
    const request = httpRequest({
      method,
      target,
      headers: { 'content-type': 'application/json', 'content-length': String(length) },
    });
    const response = await library.engine.handler({
      ...request,
      body: maxBytes => {
        isRead = true;
        return length > (maxBytes ?? Number.POSITIVE_INFINITY)
          ? Promise.reject(new HttpError(413, 'too long'))
          : Promise.resolve(Buffer.from(`${' '.repeat(length - 2)}[]`));
      },
    });
    const text = await readText(response.body);
    return { status: response.status, code: text === '' ? '' : JSON.parse(text).code, isRead };
  }

  it('is not read where its sender may not write, or nothing is addressed', async () => {
    const admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
    await admin.query('revoke execute on function api.echo(json) from public');
    await admin.close();
    for (const [method, target] of [
      ['POST', '/settings'],
      ['PATCH', '/settings?name=eq.a'],
      ['PUT', '/settings?name=eq.a'],
      ['POST', '/rpc/echo'],
    ] as const) {
      const refused = { status: 401, code: '42501', isRead: false };
      assert.deepEqual(await send(method, target, 90_000), refused, target);
    }
    assert.deepEqual(await send('POST', '/nothing', 90_000), {
      status: 404,
      code: 'PGRST205',
      isRead: false,
    });
    assert.deepEqual(await send('PATCH', '/films?id=eqq.1', 90_000), {
      status: 400,
      code: 'PGRST100',
      isRead: false,
    });
  });

  it('is read where its sender may write, within what visitors may send', async () => {
    assert.deepEqual(await send('POST', '/films', 90_000), { status: 201, code: '', isRead: true });
    assert.deepEqual(await send('POST', '/films', 110_000), { status: 413, code: 'PGRST102', isRead: true });
  });

  it('is refused for a moment when what is made of it finds no memory', async () => {
    const request = httpRequest({
      method: 'POST',
      target: '/films',
      headers: { 'content-type': 'text/csv' },
      body: `title\n${'a\n'.repeat(10_000)}`,
    });
    const full = new HttpError(503, 'Too many request bodies are in memory', {
      hint: 'Try again in 1 second, or send less at once.',
      headers: ['Retry-After', '1'],
    });
    const response = await library.engine.handler({
      ...request,
      hold() {
        throw full;
      },
    });
    assert.equal(response.status, 503);
    const names = response.headers.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'retry-after');
    assert.deepEqual(names, ['Retry-After']);
    assert.equal(responseHeader(response, 'retry-after'), '1');
    assert.equal((JSON.parse(await readText(response.body)) as { hint: string }).hint, full.hint);
  });
});

describe('requests that ask for much at once', () => {
  const embeds = (n: number): string => Array.from({ length: n }, (_, i) => `,a${i}:roles(part)`).join('');
  const codeOf = (json: unknown): string => (json as { code: string }).code;

  it('are refused beyond the limits on related tables and on everything, wherever they stand', async () => {
    const library = await startLibrary({ beyond: { ...defaultBeyond, maxEmbeds: 10, maxNodes: 50 } });
    try {
      assert.equal((await library.get(`/films?select=id${embeds(10)}`)).status, 200);
      const refused = await library.get(`/films?select=id${embeds(11)}`);
      assert.equal(refused.status, 400);
      assert.deepEqual(refused.json, {
        code: 'PEAK132',
        details: null,
        hint: 'Ask in several requests. The setting url-max-embeds (PGRST_URL_MAX_EMBEDS) is the limit; 0 sets none.',
        message: 'A request takes at most 10 related tables in "select", not 11',
      });
      const nested = `/films?select=id,roles(part,films(id${embeds(9)}))`;
      assert.equal(codeOf((await library.get(nested)).json), 'PEAK132');
      const filters = Array.from({ length: 51 }, (_, i) => `id.eq.${i}`);
      for (const query of [
        filters.map(each => each.replace('.', '=')).join('&'),
        `or=(${filters.join(',')})`,
        `and=(or(${filters.slice(0, 30).join(',')}),or(${filters.slice(30).join(',')}))`,
        `select=${Array.from({ length: 51 }, (_, i) => `a${i}:id`).join(',')}`,
        `order=${Array.from({ length: 51 }, () => 'id').join(',')}`,
      ])
        assert.equal(codeOf((await library.get(`/films?${query}`)).json), 'PEAK131', query);
      const list = Array.from({ length: 500 }, (_, i) => i).join(',');
      assert.equal((await library.get(`/films?id=in.(${list})`)).status, 200);
      const patched = await library.send('PATCH', `/films?id=eq.1&select=id${embeds(11)}`, { title: 'x' });
      assert.equal(codeOf(patched.json), 'PEAK132');
    } finally {
      await library.close();
    }
  });

  it('are answered without limits, but not looked at for a role that may not read the table', async () => {
    const library = await startLibrary({});
    try {
      assert.equal((await library.get(`/films?select=id${embeds(90)}&limit=1`)).status, 200);
      // PostgreSQL meets an unknown type as it looks at the statement, before it comes to privileges.
      const columns = (n: number): string => Array.from({ length: n }, (_, i) => `a${i}:name`).join(',');
      const code = async (n: number): Promise<string> =>
        codeOf((await library.get(`/settings?select=${columns(n)},b:name::nope`)).json);
      assert.equal(await code(10), '42704');
      assert.equal(await code(900), '42501');
    } finally {
      await library.close();
    }
  });
});
