import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Handler, HttpError, jsonResponse } from '@peakstone/kernel/http';
import { compress } from '@peakstone/kernel/http/compress';
import { createLogger } from '@peakstone/kernel/log';
import { echo, rest, type Seen, start, upstream } from './support.ts';

describe('a request through the gateway', () => {
  it('uses the apikey as its token when it has no other', async () => {
    const { url } = await start([rest]);
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln';
    const get = async (headers: Record<string, string>) =>
      ((await (await fetch(`${url}/rest/v1/`, { headers })).json()) as Seen).headers.authorization;
    assert.equal(await get({ apikey: token }), `Bearer ${token}`);
    assert.equal(await get({ apikey: token, authorization: 'Bearer user' }), 'Bearer user');
    assert.equal(await get({ apikey: 'sb_publishable_x' }), undefined);
    assert.equal(await get({}), undefined);
  });

  it("has an id: the client's when well-formed, a new one otherwise", async () => {
    const { url } = await start([rest]);
    const get = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/rest/v1/`, { headers });
      const inner = ((await response.json()) as Seen).headers['x-request-id'];
      assert.equal(response.headers.get('x-request-id'), inner);
      return inner;
    };
    assert.equal(await get({ 'x-request-id': 'trace-123.abc' }), 'trace-123.abc');
    for (const bad of ['short', 'has space', 'x'.repeat(200), '"quoted-id"']) {
      assert.match(String(await get({ 'x-request-id': bad })), /^[0-9a-f-]{36}$/);
    }
  });

  it('is answered to browsers of listed origins only', async () => {
    const { url } = await start(
      [rest],
      {},
      { HASURA_CORS: 'https://app.example.com, https://*.preview.example.com' },
    );
    const get = async (origin: string, init: RequestInit = {}) =>
      (await fetch(`${url}/rest/v1/`, { ...init, headers: { origin, ...init.headers } })).headers;
    for (const origin of ['https://app.example.com', 'https://a.preview.example.com']) {
      const headers = await get(origin);
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.equal(headers.get('access-control-allow-credentials'), 'true');
      assert.match(headers.get('vary') ?? '', /Origin/);
    }
    for (const origin of [
      'https://evil.example',
      'http://app.example.com',
      'https://app.example.com.evil.example',
      'https://preview.example.com',
      'https://x/.preview.example.com',
      'null',
    ]) {
      assert.equal((await get(origin)).get('access-control-allow-origin'), null, origin);
    }
    const preflight = await fetch(`${url}/rest/v1/films`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization, prefer',
      },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PATCH/);
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization, prefer');
  });

  it("replaces a service's own CORS headers, and keeps what it exposes", async () => {
    const target: Handler = () =>
      jsonResponse(200, 1, ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', 'X-Own']);
    const { url } = await start([{ ...rest, target }], {}, { HASURA_CORS: 'https://app.example.com' });
    const evil = await fetch(`${url}/rest/v1/`, { headers: { origin: 'https://evil.example' } });
    assert.equal(evil.headers.get('access-control-allow-origin'), null);
    const good = await fetch(`${url}/rest/v1/`, { headers: { origin: 'https://app.example.com' } });
    assert.equal(good.headers.get('access-control-allow-origin'), 'https://app.example.com');
    assert.match(good.headers.get('access-control-expose-headers') ?? '', /X-Own.*X-Request-Id/);
  });

  it('is answered in the coding that its client takes, once, unless that is switched off', async () => {
    const text = JSON.stringify('x'.repeat(5000));
    const target: Handler = () => ({
      status: 200,
      headers: ['Content-Type', 'application/json'],
      body: text,
    });
    const smaller = await upstream(compress()(target));
    const routes = [
      { ...rest, target },
      { ...rest, name: 'remote', host: undefined, paths: ['/remote'], target: smaller.url },
      { ...rest, name: 'files', host: undefined, paths: ['/files'], compress: false },
    ];
    const { url } = await start(routes);
    const ask = async (address: string) => {
      const response = await fetch(address, { headers: { 'accept-encoding': 'gzip' } });
      if (!address.includes('/files')) assert.equal(await response.text(), text);
      return response.headers;
    };
    for (const path of ['/rest/v1/', '/remote/']) {
      const headers = await ask(url + path);
      assert.equal(headers.get('content-encoding'), 'gzip');
      assert.match(headers.get('vary') ?? '', /Accept-Encoding/);
    }
    assert.equal((await ask(`${url}/files/${'x'.repeat(2000)}`)).get('content-encoding'), null);
    const off = await start(routes, {}, { GATEWAY_COMPRESSION: 'off' });
    assert.equal((await ask(`${off.url}/rest/v1/`)).get('content-encoding'), null);
  });

  it('may be as large as its route allows', async () => {
    const { url } = await start(
      [rest, { ...rest, name: 'files', host: undefined, paths: ['/files'], maxBodyBytes: 5000 }],
      {},
      { GATEWAY_MAX_BODY: '1000' },
    );
    const post = async (path: string, body: string | ReadableStream) =>
      (await fetch(url + path, { method: 'POST', body, duplex: 'half' } as RequestInit)).status;
    const stream = (bytes: number) => new Blob(['x'.repeat(bytes)]).stream();
    assert.equal(await post('/rest/v1/', 'x'.repeat(1000)), 200);
    assert.equal(await post('/rest/v1/', 'x'.repeat(1001)), 413);
    assert.equal(await post('/rest/v1/', stream(1000)), 200);
    assert.equal(await post('/rest/v1/', stream(1001)), 413);
    assert.equal(await post('/files', 'x'.repeat(5000)), 200);
    assert.equal(await post('/files', stream(5001)), 413);
  });

  it("gets 500 with CORS and id when a service throws, and the service's own refusals", async () => {
    let thrown: unknown = new Error('secret detail');
    const lines: string[] = [];
    const log = createLogger({ format: 'json', stream: { write: text => lines.push(text) } });
    const { url } = await start(
      [
        {
          ...rest,
          target: () => {
            throw thrown;
          },
        },
      ],
      { log },
    );
    const failed = await fetch(`${url}/rest/v1/`, { headers: { origin: 'https://x.example' } });
    assert.equal(failed.status, 500);
    assert.ok(!(await failed.text()).includes('secret detail'));
    assert.equal(failed.headers.get('access-control-allow-origin'), '*');
    assert.ok(failed.headers.get('x-request-id'));
    thrown = new HttpError(409, 'Taken');
    assert.equal((await fetch(`${url}/rest/v1/`)).status, 409);
    log.flush();
    assert.match(lines.join(''), /"level":"error","message":"request failed".*secret detail/);
  });

  it('is logged without its query, with route, status and id', async () => {
    const lines: string[] = [];
    const log = createLogger({ format: 'json', stream: { write: text => lines.push(text) } });
    const { url } = await start([rest], { log });
    await fetch(`${url}/rest/v1/people?email=eq.a@b.c`, { headers: { 'x-request-id': 'request-0001' } });
    log.flush();
    const record = JSON.parse(lines.join('').trim()) as Record<string, unknown>;
    assert.equal(record.route, 'rest');
    assert.equal(record.method, 'GET');
    assert.equal(record.path, '/rest/v1/people');
    assert.equal(record.status, 200);
    assert.equal(record.request, 'request-0001');
    assert.ok(!lines.join('').includes('a@b.c'));
  });

  it('is not logged when it is the health check of this machine, but counted', async () => {
    const lines: string[] = [];
    const log = createLogger({ format: 'json', stream: { write: text => lines.push(text) } });
    const { url } = await start([rest], { log });
    const check = { 'user-agent': 'peakstone-health' };
    await fetch(`${url}/healthz`, { headers: check });
    await fetch(`${url}/healthz`, { headers: { ...check, 'x-forwarded-for': '203.0.113.7' } });
    await fetch(`${url}/healthz`, { headers: { 'user-agent': 'somebody' } });
    log.flush();
    const agents = lines
      .join('')
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { agent: string }).agent);
    assert.deepEqual(agents, ['peakstone-health', 'somebody']);
    const metrics = await (await fetch(`${url}/-/metrics`)).text();
    assert.match(metrics, /requests_total\{route="gateway",method="GET",status="2xx"\} 3/);
  });

  it('gets 503 and when to come back while a service in this process is away', async () => {
    let current: Handler | null = null;
    const { url } = await start([{ ...rest, target: { current: () => current } }]);
    const away = await fetch(`${url}/rest/v1/`);
    assert.equal(away.status, 503);
    assert.equal(away.headers.get('retry-after'), '2');
    assert.match(((await away.json()) as { message: string }).message, /REST API is not available/);
    current = echo;
    assert.equal((await fetch(`${url}/rest/v1/`)).status, 200);
  });

  it('waits for a service in this process that is expected back, as long as that is', async () => {
    for (const [back, status] of [
      [echo, 200],
      [null, 503],
    ] as const) {
      const expected = Promise.withResolvers<Handler | null>();
      const target = { current: () => null, expected: () => expected.promise };
      const { url } = await start([{ ...rest, target }]);
      const asked = fetch(`${url}/rest/v1/`, { method: 'POST', body: 'kept' });
      setTimeout(() => expected.resolve(back), 50);
      const response = await asked;
      assert.equal(response.status, status);
      const text = await response.text();
      if (back) assert.match(text, /kept/);
    }
  });
});
