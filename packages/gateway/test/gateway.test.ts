import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, describe, it } from 'node:test';
import { type Handler, HttpError, type HttpServer, jsonResponse, serveHttp } from '@peakstone/kernel/http';
import { createLogger } from '@peakstone/kernel/log';
import {
  type GatewayDeps,
  type GatewayService,
  gateway,
  type Route,
  readGatewayConfig,
} from '../src/index.ts';

/** Tells what a service sees. */
const echo: Handler = async request =>
  jsonResponse(200, {
    method: request.method,
    target: request.target,
    path: request.path,
    query: request.query,
    headers: request.headers,
    body: (await request.body()).toString(),
    client: request.remoteAddress,
  });

interface Seen {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly client: string;
}

const rest: Route = {
  name: 'rest',
  title: 'REST API',
  contract: 'PostgREST',
  paths: ['/rest/v1'],
  host: 'api.example.com',
  stripPrefix: true,
  target: echo,
  public: true,
};

const open: { stop(): Promise<void> }[] = [];
after(() => Promise.all(open.map(entry => entry.stop())));

async function start(
  routes: readonly Route[],
  deps: Partial<GatewayDeps> = {},
  env: Record<string, string> = {},
): Promise<GatewayService> {
  const config = readGatewayConfig({ GATEWAY_PORT: '0', GATEWAY_DRAIN: '0', ...env });
  const service = await gateway.start(config, { routes, ...deps }, AbortSignal.timeout(60_000));
  open.push(service);
  return service;
}

async function upstream(
  handler: Handler,
  options: Parameters<typeof serveHttp>[1] = {},
): Promise<HttpServer> {
  const server = await serveHttp(handler, options);
  open.push({ stop: () => server.close(0) });
  return server;
}

/** A request with exactly this target and these header lines; fetch would tidy both up. */
async function raw(
  port: number,
  target: string,
  lines: readonly string[] = ['Host: localhost'],
  method = 'GET',
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

const seen = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Seen;

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
});

describe('a service at a URL', () => {
  it('gets the request with hop-by-hop headers left out and X-Forwarded-* set', async () => {
    const server = await upstream(echo);
    const { port } = await start([{ ...rest, target: `${server.url}/base/` }]);
    const { target, headers, body } = seen(
      await raw(port, '/rest/v1/a%2Fb?x=1', [
        'Host: localhost:8000',
        'Connection: keep-alive, X-Hop',
        'X-Hop: secret',
        'TE: trailers',
        'Proxy-Authorization: Basic x',
        'X-Forwarded-For: 6.6.6.6',
        'X-Forwarded-Proto: gopher',
        'X-Custom: kept',
      ]),
    );
    assert.equal(target, '/base/a%2Fb?x=1');
    assert.equal(body, '');
    assert.equal(headers['x-custom'], 'kept');
    for (const name of ['x-hop', 'te', 'proxy-authorization']) assert.equal(headers[name], undefined, name);
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-host'], 'localhost:8000');
    assert.equal(headers.host, new URL(server.url).host);
  });

  it("is believed about its clients by way of trusted proxies, and may need the client's Host", async () => {
    const server = await upstream(echo);
    const { port } = await start(
      [{ ...rest, target: server.url, keepHost: true }],
      {},
      { GATEWAY_TRUSTED_PROXIES: 'loopback' },
    );
    const { headers } = seen(
      await raw(port, '/x', [
        'Host: api.example.com',
        'X-Forwarded-For: 203.0.113.7',
        'X-Forwarded-Proto: https',
      ]),
    );
    assert.equal(headers['x-forwarded-for'], '203.0.113.7');
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.equal(headers.host, 'api.example.com');
  });

  it('streams bodies both ways', async () => {
    const server = await upstream(request => ({
      status: 201,
      statusText: 'Made',
      headers: ['Content-Type', 'application/octet-stream', 'X-A', '1', 'X-A', '2'],
      body: request.stream(),
    }));
    const { url } = await start([{ ...rest, target: server.url }]);
    const bytes = Buffer.alloc(3_000_000, 'abc');
    const response = await fetch(`${url}/rest/v1/`, { method: 'POST', body: bytes });
    assert.equal(response.status, 201);
    assert.equal(response.statusText, 'Made');
    assert.equal(response.headers.get('x-a'), '1, 2');
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
  });

  it('passes HEAD, 204, 304 and errors through', async () => {
    const server = await upstream(({ path, method }) => {
      if (path === '/empty') return { status: 204, headers: [], body: null };
      if (path === '/same') return { status: 304, headers: ['ETag', '"1"'], body: null };
      return jsonResponse(418, { method });
    });
    const { url } = await start([{ ...rest, target: server.url }]);
    const head = await fetch(`${url}/rest/v1/x`, { method: 'HEAD' });
    assert.equal(head.status, 418);
    assert.equal(head.headers.get('content-length'), '17');
    assert.equal((await fetch(`${url}/rest/v1/empty`)).status, 204);
    assert.equal((await fetch(`${url}/rest/v1/same`)).headers.get('etag'), '"1"');
    assert.deepEqual(await (await fetch(`${url}/rest/v1/x`)).json(), { method: 'GET' });
  });

  it('that is down is 503 with Retry-After; one that breaks off is 502', async () => {
    const gone = await serveHttp(echo);
    const target = gone.url;
    await gone.close(0);
    const { url } = await start([
      { ...rest, target },
      { ...rest, name: 'odd', host: undefined, paths: ['/odd'], target: await breaking() },
    ]);
    const down = await fetch(`${url}/rest/v1/`);
    assert.equal(down.status, 503);
    assert.equal(down.headers.get('retry-after'), '2');
    assert.equal((await fetch(`${url}/odd/`)).status, 502);
  });

  it('tunnels WebSockets, after taking the prefix off', async () => {
    const server = await upstream(echo, {
      onUpgrade(request, socket) {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n[${request.target}]`,
        );
        socket.on('data', chunk => socket.write(chunk));
        socket.on('end', () => socket.end());
      },
    });
    const { port } = await start([
      { ...rest, target: server.url },
      { ...rest, name: 'inner', host: undefined, paths: ['/inner'] },
    ]);
    const handshake = (path: string) =>
      new Promise<string>(resolve => {
        const socket = connect(port, '127.0.0.1');
        let text = '';
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        );
        socket.on('data', chunk => {
          text += chunk;
          if (text.endsWith(']')) socket.end('ping');
        });
        socket.on('close', () => resolve(text));
      });
    assert.match(await handshake('/rest/v1/live?x=1'), /^HTTP\/1\.1 101 [\s\S]*\[\/live\?x=1\]ping$/);
    assert.match(await handshake('/inner/x'), /^HTTP\/1\.1 501 /);
    assert.match(await handshake('/nope'), /^HTTP\/1\.1 404 /);
    assert.match(await handshake('/rest/v1/../x'), /^HTTP\/1\.1 400 /);
  });
});

describe("the gateway's own pages", () => {
  const database = {
    name: 'postgres',
    title: 'PostgreSQL 17',
    health: async () => ({ ok: false, reason: 'refused at 10.0.0.5' }) as const,
  };

  it('/healthz tells how every service is', async () => {
    const fine = await start([rest]);
    assert.deepEqual(await (await fetch(`${fine.url}/healthz`)).json(), {
      status: 'ok',
      services: { rest: { ok: true } },
    });
    const { url } = await start([rest], { listed: [database] });
    const ill = await fetch(`${url}/healthz`);
    assert.equal(ill.status, 503);
    assert.deepEqual(await ill.json(), {
      status: 'unavailable',
      services: { postgres: { ok: false, reason: 'refused at 10.0.0.5' }, rest: { ok: true } },
    });
  });

  it('tell reasons and metrics only to those who run the stack', async () => {
    const { url } = await start([rest], { listed: [database] });
    await fetch(`${url}/rest/v1/`);
    const forwarded = { 'x-forwarded-for': '127.0.0.1' };
    assert.ok(!(await (await fetch(`${url}/healthz`, { headers: forwarded })).text()).includes('10.0.0.5'));
    assert.equal((await fetch(`${url}/-/metrics`, { headers: forwarded })).status, 404);
    const metrics = await (await fetch(`${url}/-/metrics`)).text();
    assert.match(metrics, /peakstone_gateway_requests_total\{route="rest",method="GET",status="2xx"\} 1/);
    assert.match(metrics, /peakstone_gateway_connections \d/);
  });

  it('bound a health check that hangs, and look once a second at most', { timeout: 10_000 }, async () => {
    let looks = 0;
    const stuck = {
      name: 'stuck',
      health: () => {
        looks++;
        return new Promise<never>(() => {});
      },
    };
    const { url } = await start([], { listed: [stuck] });
    const started = performance.now();
    const all = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/healthz`)));
    assert.ok(all.every(response => response.status === 503));
    assert.ok(performance.now() - started < 3000);
    assert.equal(looks, 1);
  });

  it('ask a URL for any answer', async () => {
    const up = await upstream(() => jsonResponse(404, {}));
    const failing = await upstream(() => jsonResponse(500, {}));
    const { url } = await start([
      { ...rest, name: 'up', host: undefined, paths: ['/up'], target: up.url },
      { ...rest, name: 'failing', host: undefined, paths: ['/failing'], target: failing.url },
    ]);
    const { services } = (await (await fetch(`${url}/healthz`)).json()) as {
      services: Record<string, unknown>;
    };
    assert.deepEqual(services, { up: { ok: true }, failing: { ok: false, reason: 'answers 500' } });
  });

  it('start with a page for people and JSON for programs', async () => {
    const evil = { ...rest, title: '<script>alert(1)</script>', contract: '"&\'' };
    const { url } = await start([evil], { listed: [database] });
    const page = await fetch(url, { headers: { accept: 'text/html,*/*' } });
    const text = await page.text();
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.ok(!policy.includes('unsafe'));
    assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;') && !text.includes('<script'));
    assert.ok(
      text.includes('PostgreSQL 17') &&
        text.includes('href="/rest/v1/"') &&
        text.includes('1 service is down'),
    );
    const data = (await (await fetch(url)).json()) as {
      services: { name: string; healthy: boolean; paths: string[] }[];
    };
    assert.deepEqual(
      data.services.map(({ name, healthy, paths }) => [name, healthy, paths]),
      [
        ['postgres', false, []],
        ['rest', true, ['/rest/v1']],
      ],
    );
  });

  it('take only GET and HEAD', async () => {
    const { url } = await start([rest]);
    const response = await fetch(`${url}/healthz`, { method: 'POST' });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
    assert.equal((await fetch(`${url}/constructor`)).status, 404);
  });
});

describe('the service', () => {
  it('drains on stop, twice without harm, and frees its port', async () => {
    const entered = Promise.withResolvers<void>();
    const target: Handler = async () => {
      entered.resolve();
      await new Promise(resolve => setTimeout(resolve, 100));
      return jsonResponse(200, 'done');
    };
    const service = await start([{ ...rest, target }], {}, { GATEWAY_DRAIN: '5' });
    const answer = fetch(`${service.url}/rest/v1/`);
    await entered.promise;
    await Promise.all([service.stop(), service.stop()]);
    assert.equal(await (await answer).json(), 'done');
    assert.deepEqual(await service.health(), { ok: false, reason: 'stopping' });
    await start([rest], {}, { GATEWAY_PORT: String(service.port) });
  });

  it('says so when its port is taken', async () => {
    const { port } = await start([rest]);
    await assert.rejects(start([rest], {}, { GATEWAY_PORT: String(port) }), { code: 'EADDRINUSE' });
  });
});

/** A server that accepts and hangs up. */
async function breaking(): Promise<string> {
  const { createServer } = await import('node:net');
  const server = createServer(socket => socket.once('data', () => socket.destroy()));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  open.push({ stop: () => new Promise(resolve => server.close(() => resolve())) });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
