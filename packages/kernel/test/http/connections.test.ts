import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { reservePorts, until } from '@peakstone/testing';
import { type Handler, type HttpServer, serveHttp, textResponse } from '../../src/http/index.ts';
import { sendRaw } from './raw.ts';
import { collect, getOverUnixSocket, leaveStaleSocket, onBothLanes, openMany, untilText } from './support.ts';

onBothLanes('connections', serve => {
  it('sends 100 Continue only when the handler reads the body', async () => {
    const server = await serve(async request =>
      request.path === '/reads'
        ? textResponse(200, `${(await request.body()).length}`)
        : textResponse(401, 'no'),
    );
    const post = (path: string) =>
      new Promise<{ status: number; continued: boolean }>((resolve, reject) => {
        let continued = false;
        const request = httpRequest(`${server.url}${path}`, {
          method: 'POST',
          headers: { expect: '100-continue', 'content-length': 5 },
          agent: false,
        });
        request.on('continue', () => {
          continued = true;
          request.end('hello');
        });
        request.on('response', response => {
          response.resume();
          response.on('end', () => resolve({ status: response.statusCode ?? 0, continued }));
          if (!continued) request.destroy();
        });
        request.on('error', error => (continued ? reject(error) : undefined));
        request.on('close', () => resolve({ status: 0, continued }));
        request.flushHeaders();
      });
    assert.deepEqual(await post('/reads'), { status: 200, continued: true });
    assert.equal((await post('/refuses')).continued, false);
  });

  it('refuses a request that names two hosts, as whoever stands in front may have taken the other one', async () => {
    const server = await serve(async request => textResponse(200, request.headers.host ?? ''));
    const ask = (...hosts: string[]) =>
      sendRaw(server.port, [
        `GET / HTTP/1.1\r\n${hosts.map(host => `${host}\r\n`).join('')}Connection: close\r\n\r\n`,
      ]);
    assert.match((await ask('Host: a', 'host: b')).text, /^HTTP\/1\.1 400 .*more than one host/s);
    assert.match((await ask('Host: a')).text, /^HTTP\/1\.1 200 /);
  });

  it('closes connections whose request never completes with 408', async () => {
    const server = await serve(async request => textResponse(200, `${(await request.body()).length}`), {
      headersTimeoutMs: 150,
      requestTimeoutMs: 300,
    });
    const beginnings = [
      'GET / HTTP/1.1\r\nHo',
      'GET / HTTP/1.1\r\nHost: a\r\nX-A',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
    ];
    await Promise.all(
      beginnings.map(async beginning => {
        const { text, closed } = await sendRaw(server.port, [beginning]);
        assert.ok(closed, beginning);
        assert.match(text, /^HTTP\/1\.1 408 /, beginning);
      }),
    );
  });

  it('is not held open by a client that sends one byte at a time', async () => {
    const server = await serve(() => textResponse(200, 'ok'), { headersTimeoutMs: 200 });
    const bytes =
      'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n';
    // Were it held open, the last byte would get it 200.
    const { text } = await sendRaw(server.port, [...bytes], { pauseMs: 20 });
    assert.match(text, /^HTTP\/1\.1 408 /);
  });

  it('closes idle connections, and those of clients that do not read', async () => {
    const server = await serve(
      ({ path }) => ({
        status: 200,
        headers: [],
        body: path === '/big' ? Buffer.alloc(32 * 1024 * 1024) : 'ok',
      }),
      { idleTimeoutMs: 200 },
    );
    const idle = connect(server.port, '127.0.0.1');
    idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const stuck = connect(server.port, '127.0.0.1');
    stuck.on('error', () => {});
    stuck.write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
    stuck.pause();
    await collect(idle);
    for (let i = 0; i < 1000 && server.connections > 0; i++) await sleep(30);
    assert.equal(server.connections, 0);
    stuck.destroy();
  });

  it('holds 2,000 idle connections and still answers', { timeout: 120_000 }, async () => {
    const server = await serve(() => textResponse(200, 'ok'));
    const sockets = await openMany(server.port, 2000);
    for (let i = 0; i < 3000 && server.connections < 2000; i++) await sleep(20);
    assert.equal(server.connections, 2000);
    assert.equal(await (await fetch(server.url)).text(), 'ok');
    for (const socket of sockets) socket.destroy();
  });

  it('makes room among idle connections when all are taken, and refuses new ones while all have work', async () => {
    const release = Promise.withResolvers<void>();
    let working = 0;
    const server = await serve(
      async ({ path }) => {
        working++;
        if (path === '/wait') await release.promise;
        return textResponse(200, path);
      },
      { maxConnections: 3 },
    );
    const idle = await openMany(server.port, 3);
    const closed = idle.map(collect);
    const wait = 'GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const busy = [0, 1, 2].map(() => {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(wait);
      return collect(socket);
    });
    // Rounds of making room are apart: one that was turned away comes again.
    const again = setInterval(() => {
      if (working >= 3) return;
      const socket = connect(server.port, '127.0.0.1');
      socket.write(wait);
      busy.push(collect(socket));
    }, 60);
    await Promise.all(closed);
    await until(() => working === 3);
    clearInterval(again);
    const extra = connect(server.port, '127.0.0.1');
    assert.equal(await collect(extra), '');
    release.resolve();
    const answers = (await Promise.all(busy)).filter(answer => answer !== '');
    assert.equal(answers.length, 3);
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  it('drains on close: work in progress ends with Connection: close, idle connections soon', async () => {
    const entered = Promise.withResolvers<void>();
    // A port that no other program gets once it is closed.
    const port = await reservePorts();
    const server = await serve(
      async () => {
        entered.resolve();
        await sleep(150);
        return textResponse(200, 'done');
      },
      { port },
    );
    const [idle] = await openMany(server.port, 1);
    const busy = connect(server.port, '127.0.0.1');
    busy.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = collect(busy);
    await entered.promise;
    // Waiting for all of the time to drain would outlast the test.
    const closed = server.close(10 * 60_000);
    assert.equal(server.close(), closed);
    const idleEnd = collect(idle!);
    assert.match(await answer, /Connection: close\r\n[\s\S]*done$/);
    await idleEnd;
    await closed;
    await assert.rejects(fetch(server.url));
  });

  it('answers on close what was on its way: a request on an idle connection', async () => {
    const server = await serve(request => textResponse(200, request.path));
    const client = connect(server.port, '127.0.0.1');
    client.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(client, 'data');
    const answer = collect(client);
    const closed = server.close();
    client.write('GET /second HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await answer, /^HTTP\/1\.1 200 [\s\S]*Connection: close\r\n[\s\S]*\/second$/);
    await closed;
  });

  it('answers on close what was on its way: connections that wait to be accepted', async () => {
    const server = await serve(() => textResponse(200, 'done'));
    const clients = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1'));
    const answers = clients.map(client => {
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      return collect(client);
    });
    await new Promise<void>(resolve => process.nextTick(resolve));
    // The system connects them while this process is busy, so that none is accepted yet.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    assert.equal(server.connections, 0);
    await server.close();
    for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*done$/);
  });

  it('cuts what does not end within the drain time', async () => {
    const entered = Promise.withResolvers<void>();
    const server = await serve(() => {
      entered.resolve();
      return new Promise(() => {});
    });
    const busy = connect(server.port, '127.0.0.1');
    busy.on('error', () => {});
    busy.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await entered.promise;
    const started = performance.now();
    await server.close(100);
    // By default it would have waited for ten seconds.
    assert.ok(performance.now() - started < 9_000);
  });

  it('listens on a unix socket, replaces a stale one and leaves a live one alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-http-'));
    try {
      const socketPath = join(folder, 'http.sock');
      const server = await serve(request => textResponse(200, `[${request.remoteAddress}]`), {
        socketPath,
      });
      assert.equal((await stat(socketPath)).mode & 0o777, 0o660);
      assert.equal(await getOverUnixSocket(socketPath), '[]');
      await assert.rejects(
        serve(() => textResponse(200, ''), { socketPath }),
        { code: 'EADDRINUSE' },
      );
      await server.close(0);
      await leaveStaleSocket(socketPath);
      const next = await serve(() => textResponse(200, 'next'), { socketPath, socketMode: 0o600 });
      assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
      assert.equal(await getOverUnixSocket(socketPath), 'next');
      await next.close(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('believes X-Forwarded-For only from trusted proxies', async () => {
    const handler: Handler = request => textResponse(200, request.remoteAddress);
    const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.1.2.3' };
    const trusting = await serve(handler, { trustedProxies: ['loopback', '10.0.0.0/8'] });
    const wary = await serve(handler);
    assert.equal(await (await fetch(trusting.url, { headers })).text(), '203.0.113.9');
    assert.equal(await (await fetch(wary.url, { headers })).text(), '127.0.0.1');
    await assert.rejects(serve(handler, { trustedProxies: ['everyone'] }), /'everyone' is not an address/);
  });

  it('hands WebSocket handshakes over, also after ordinary requests on the connection', async () => {
    const server = await serve(() => textResponse(200, 'plain'), {
      onUpgrade(request, socket, head) {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${request.path}|`,
        );
        socket.write(head);
        socket.on('data', chunk => socket.write(chunk));
        socket.on('end', () => socket.end());
      },
    });
    const socket = connect(server.port, '127.0.0.1');
    const everything = collect(socket);
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await untilText(socket, /plain$/);
    socket.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly');
    await untilText(socket, /early$/);
    socket.end(' late');
    assert.match(await everything, /plain[\s\S]*101 Switching[\s\S]*\/ws\|early late$/);
    const other = connect(server.port, '127.0.0.1');
    other.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    );
    await untilText(other, /^HTTP\/1\.1 200 [\s\S]*plain$/);
    other.destroy();
  });
});

describe('a target without its first slash', () => {
  const ask = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  const open: HttpServer[] = [];
  after(() => Promise.all(open.map(server => server.close(0))));

  const serve = async (rootlessTargets: boolean): Promise<number> => {
    const server = await serveHttp(request => textResponse(200, request.target), { rootlessTargets });
    open.push(server);
    return server.port;
  };

  it('is refused, unless the server is told to take it', async () => {
    assert.match((await sendRaw(await serve(false), [ask('films?id=eq.1')])).text, /^HTTP\/1\.1 400 /);
    const taken = await sendRaw(await serve(true), [ask('films?id=eq.1')]);
    assert.match(taken.text, /^HTTP\/1\.1 200 [\s\S]*\/films\?id=eq\.1$/);
  });

  it('is never read from an absolute or authority form', async () => {
    const port = await serve(true);
    for (const target of ['films:80', '?x', '-', '..']) {
      assert.match((await sendRaw(port, [ask(target)])).text, /^HTTP\/1\.1 400 /, target);
    }
  });
});
