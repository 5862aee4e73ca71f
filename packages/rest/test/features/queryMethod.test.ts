import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { serveHttp } from '@peakstone/kernel/http';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Library, startLibrary } from './library.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the method QUERY', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, queryMethod: true, keyset: true } });
  });
  after(() => library.close());

  const query = (target: string, body: string, headers: Readonly<Record<string, string>> = form) =>
    library.send('QUERY', target, body, headers);

  it('reads as GET does, with the query in the body', async () => {
    for (const [target, body] of [
      ['/films', 'select=id,title&order=id.desc&limit=2'],
      ['/films', 'or=(id.eq.1,title.eq.Ran)&select=id&order=id\r\n'],
      ['/films', 'title=like.Cl%C3%A9o*'],
      ['/films', 'title=eq.Cléo+from+5+to+7'],
      ['/films?select=id', 'year=gt.1950&order=id'],
      ['/rpc/add', 'a=1&b=2'],
      ['/rpc/settings_seen', ''],
      ['/', ''],
      ['/films', ''],
    ] as const) {
      const [path, own = ''] = target.split('?');
      const plain = await library.get(
        `${path}?${[own, body.trim()].filter(part => part !== '').join('&')}`,
        form,
      );
      const asked = await query(target, body);
      assert.deepEqual([asked.status, asked.text], [plain.status, plain.text], body);
      assert.deepEqual(asked.headers, plain.headers);
    }
  });

  it('takes filters longer than any URL', async () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => i + 1).join(',');
    const answer = await query('/films', `id=in.(${ids})&select=id&order=id`);
    assert.deepEqual(answer.json, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
    assert.equal(answer.headers['content-location'], undefined);
  });

  it('pages by cursor with the same body', async () => {
    const body = 'select=id&order=id&limit=3&after=';
    const first = await query('/films', body);
    const next = /^<(\?[^>]*)>/.exec(first.headers.link ?? '')?.[1] ?? '';
    assert.match(next, /^\?after=/);
    assert.deepEqual((await query(`/films${next}`, body)).json, [{ id: 4 }]);
  });

  it('refuses other bodies and says what it takes', async () => {
    for (const headers of [{ 'content-type': 'application/json' }, {}] as const) {
      const refused = await query('/films', '{}', headers);
      assert.deepEqual([refused.status, (refused.json as { code: string }).code], [415, 'PEAK110']);
      assert.equal(refused.headers['accept-query'], form['content-type']);
    }
    assert.equal(((await query('/films', 'id=eqq.1')).json as { code: string }).code, 'PGRST100');
  });

  it('is named by OPTIONS and allowed to browsers', async () => {
    const options = await library.send('OPTIONS', '/films');
    assert.equal(options.headers.allow, 'OPTIONS,GET,HEAD,QUERY,POST,PUT,PATCH,DELETE');
    assert.equal(options.headers['accept-query'], form['content-type']);
    const preflight = await library.send('OPTIONS', '/films', undefined, {
      origin: 'http://example.com',
      'access-control-request-method': 'QUERY',
    });
    assert.match(preflight.headers['access-control-allow-methods'] ?? '', /, QUERY$/);
  });

  it('comes through a real server, which takes no more than may be parsed in one go', async () => {
    const server = await serveHttp(library.engine.handler, { host: '127.0.0.1', port: 0 });
    const overHttp = (sent: string): Promise<readonly [status: number | undefined, text: string]> =>
      new Promise((resolve, reject) => {
        const asking = request(
          { port: server.port, path: '/films', method: 'QUERY', headers: form },
          response => {
            let text = '';
            response
              .setEncoding('utf8')
              .on('data', part => (text += part))
              .on('end', () => resolve([response.statusCode, text]));
          },
        );
        asking.on('error', reject).end(sent);
      });
    try {
      assert.deepEqual(await overHttp('select=id&id=eq.1'), [200, '[{"id":1}]']);
      const longest = 'title=eq.'.padEnd(64 * 1024, 'x');
      assert.deepEqual(await overHttp(longest), [200, '[]']);
      const [status, text] = await overHttp(`${longest}x`);
      assert.deepEqual([status, (JSON.parse(text) as { code: string }).code], [413, 'PEAK111']);
    } finally {
      await server.close(0);
    }
  });

  it('is no method where the setting is off', async () => {
    const plain = await library.withConfig({ beyond: defaultBeyond });
    const refused = await plain.send('QUERY', '/films', '', form);
    assert.deepEqual([refused.status, (refused.json as { code: string }).code], [405, 'PGRST117']);
    assert.equal((await plain.send('OPTIONS', '/films')).headers['accept-query'], undefined);
    await plain.engine.close();
  });
});
