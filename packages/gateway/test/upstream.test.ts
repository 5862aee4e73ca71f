import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { jsonResponse, serveHttp } from '@peakstone/kernel/http';
import { breaking, echo, raw, rest, seen, start, upstream } from './support.ts';

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

  it('learns the same of its client in this process, and nothing that the client made up', async () => {
    const server = await upstream(echo);
    const forged = ['For: 6.6.6.6', 'Host: evil.example', 'Proto: gopher', 'Port: 1', 'Prefix: /made/up'];
    const request = [
      'Connection: X-Forwarded-For, X-Forwarded-Host',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6;host=evil.example',
      ...forged.map(field => `X-Forwarded-${field}`),
    ];
    for (const host of ['localhost:8000', 'api.example.com'])
      for (const target of [echo, server.url]) {
        const { port } = await start([{ ...rest, target }]);
        const { headers } = seen(await raw(port, '/rest/v1/x', [`Host: ${host}`, ...request]));
        const told = Object.entries(headers).filter(([name]) => /^x-forwarded|^x-real|^forwarded/.test(name));
        assert.deepEqual(
          Object.fromEntries(told),
          {
            'x-forwarded-for': '127.0.0.1',
            'x-forwarded-host': host,
            'x-forwarded-proto': 'http',
            ...(host === rest.host ? {} : { 'x-forwarded-prefix': '/rest/v1' }),
          },
          `${host} ${typeof target}`,
        );
      }
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
      { ...rest, name: 'near', host: undefined, paths: ['/near'], address: server.url },
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
    // A handler takes requests; its service's own port takes the rest.
    assert.match(await handshake('/near/live'), /^HTTP\/1\.1 101 [\s\S]*\[\/live\]ping$/);
    assert.match(await handshake('/inner/x'), /^HTTP\/1\.1 501 /);
    assert.match(await handshake('/nope'), /^HTTP\/1\.1 404 /);
    assert.match(await handshake('/rest/v1/../x'), /^HTTP\/1\.1 400 /);
  });
});
