import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Handler, jsonResponse } from '@peakstone/kernel/http';
import { raw, rest, seen, start, upstream } from './support.ts';

describe('routing', () => {
  it('takes the prefix off and keeps path and query as they were sent', async () => {
    const { port } = await start([rest]);
    const cases = {
      '/rest/v1/films?id=eq.1&select=*': '/films?id=eq.1&select=*',
      '/rest/v1': '/',
      '/rest/v1?a=b': '/?a=b',
      '/rest/v1/': '/',
      '/rest/v1/a%2Fb/%2e%2e%2e?x=../..': '/a%2Fb/%2e%2e%2e?x=../..',
      '/rest/v1/a//b': '/a//b',
      '/rest/v1/a.b/..c': '/a.b/..c',
    };
    for (const [sent, received] of Object.entries(cases))
      assert.equal(seen(await raw(port, sent)).target, received, sent);
    assert.equal(seen(await raw(port, '/rest/v1/x')).headers['x-forwarded-prefix'], '/rest/v1');
  });

  it('puts the prefix before the paths that a service answers with, and nothing before other addresses', async () => {
    const cases = {
      '/films?id=eq.1': '/rest/v1/films?id=eq.1',
      '/': '/rest/v1/',
      'films?id=eq.1': 'films?id=eq.1',
      '//other.example/x': '//other.example/x',
      'https://other.example/x': 'https://other.example/x',
      '?page=2': '?page=2',
    };
    for (const [given, told] of Object.entries(cases)) {
      const target: Handler = () => jsonResponse(201, 'made', ['Location', given, 'Content-Location', given]);
      const remote = await upstream(target);
      for (const each of [target, remote.url]) {
        const { port } = await start([{ ...rest, target: each }]);
        const text = await raw(port, '/rest/v1/x');
        assert.ok(
          text.includes(`\r\nLocation: ${told}\r\nContent-Location: ${told}\r\n`),
          `${given}: ${text}`,
        );
        const atRoot = await raw(port, '/x', ['Host: api.example.com']);
        assert.ok(atRoot.includes(`\r\nLocation: ${given}\r\nContent-Location: ${given}\r\n`), atRoot);
      }
    }
  });

  it("knows an upstream's own address, and the path before it, for its own", async () => {
    let origin = '';
    const remote = await upstream(({ path }) =>
      jsonResponse(201, 1, ['Location', path.endsWith('/whole') ? `${origin}/base/films` : '/base/films']),
    );
    origin = remote.url;
    const { url } = await start([{ ...rest, target: `${remote.url}/base` }]);
    for (const path of ['whole', 'path'])
      assert.equal((await fetch(`${url}/rest/v1/${path}`)).headers.get('location'), '/rest/v1/films');
  });

  it('matches whole segments only, and the longest prefix first', async () => {
    const name =
      (text: string): Handler =>
      () =>
        jsonResponse(200, text);
    const { url } = await start([
      { ...rest, name: 'a', host: undefined, paths: ['/a'], target: name('a') },
      { ...rest, name: 'ab', host: undefined, paths: ['/a/b'], target: name('ab') },
    ]);
    const get = async (path: string) => (await fetch(url + path)).json();
    assert.equal(await get('/a/x'), 'a');
    assert.equal(await get('/a/b'), 'ab');
    assert.equal(await get('/a/b/c'), 'ab');
    assert.equal(await get('/a/bc'), 'a');
    assert.equal((await fetch(`${url}/ab`)).status, 404);
  });

  it('refuses dot segments in every spelling, so that no prefix can be left', async () => {
    const { port } = await start([rest]);
    for (const path of [
      '/rest/v1/../healthz',
      '/rest/v1/a/./b',
      '/rest/v1/%2e%2e/x',
      '/rest/v1/.%2E/x',
      '/rest/v1/..%2fx',
      '/rest/v1/..%5cx',
      '/rest/v1/a%2f..%2fb',
      '/rest/v1/..\\x',
      '/rest/v1/..',
    ]) {
      const text = await raw(port, path);
      assert.match(text, /^HTTP\/1\.1 400 /, path);
      assert.match(text, /dot segments/);
    }
  });

  it('knows no service by an encoded, doubled or differently written prefix', async () => {
    const { port } = await start([rest]);
    for (const path of [
      '//rest/v1/x',
      '/rest%2fv1/x',
      '/REST/v1/x',
      '/rest//v1/x',
      '/%72est/v1/x',
      '/x/rest/v1',
    ]) {
      assert.match(await raw(port, path), /^HTTP\/1\.1 404 /, path);
    }
  });

  it('serves a service at the root of its host', async () => {
    const { port } = await start([rest]);
    for (const host of ['api.example.com', 'API.Example.com:8000', 'api.example.com.']) {
      assert.equal(seen(await raw(port, '/healthz?x=1', [`Host: ${host}`])).target, '/healthz?x=1', host);
    }
    assert.match(await raw(port, '/x', ['Host: evil.example']), /^HTTP\/1\.1 404 /);
  });

  it('answers unknown paths with what there is, and hides what is not public', async () => {
    const { url } = await start([
      rest,
      { ...rest, name: 'logs', host: undefined, paths: ['/loki'], public: false },
    ]);
    const response = await fetch(`${url}/nope`);
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), {
      message: 'There is nothing at this path',
      hint: 'Services are at /rest/v1.',
    });
    assert.equal((await fetch(`${url}/loki/api`)).status, 404);
    assert.equal((await fetch(`${url}/nope`, { method: 'POST', body: 'x'.repeat(100_000) })).status, 404);
  });

  it('refuses routes that contradict each other before it listens', async () => {
    const twice = [rest, { ...rest, name: 'other', host: undefined }];
    await assert.rejects(start(twice), /'\/rest\/v1' is routed to rest and to other/);
    await assert.rejects(start([{ ...rest, paths: ['rest/'] }]), /is not a path such as/);
  });
});
