import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Handler,
  HttpError,
  type HttpServer,
  type ServeOptions,
  serveHttp,
  textResponse,
} from '../../src/http/index.ts';
import { parseResponses, sendRaw } from './raw.ts';

/** A request after which the server closes, so that a test needn't guess when the answer is complete. */
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

for (const fastLane of [true, false]) {
  describe(`an HTTP server, ${fastLane ? 'fast lane first' : 'node:http only'}`, { concurrency: 6 }, () => {
    const open: HttpServer[] = [];
    after(() => Promise.all(open.map(server => server.close(0))));

    async function serve(handler: Handler, options: ServeOptions = {}): Promise<HttpServer> {
      const server = await serveHttp(handler, { fastLane, ...options });
      open.push(server);
      return server;
    }

    it('sends text, bytes, several buffers and nothing, with their lengths', async () => {
      const server = await serve(request => {
        switch (request.path) {
          case '/text':
            return textResponse(200, 'grüß dich');
          case '/latin':
            return { status: 200, headers: ['X-Name', 'caf\xe9'], body: 'grüß' };
          case '/bytes':
            return { status: 200, headers: [], body: new Uint8Array([1, 2, 3]) };
          case '/parts':
            return { status: 200, headers: [], body: [Buffer.from('a'), Buffer.alloc(100_000, 'b')] };
          default:
            return { status: 204, headers: [], body: null };
        }
      });
      assert.equal(await (await fetch(`${server.url}/text`)).text(), 'grüß dich');
      const latin = await fetch(`${server.url}/latin`);
      assert.equal(latin.headers.get('x-name'), 'caf\xe9');
      assert.equal(await latin.text(), 'grüß');
      assert.deepEqual(
        [...new Uint8Array(await (await fetch(`${server.url}/bytes`)).arrayBuffer())],
        [1, 2, 3],
      );
      const parts = await fetch(`${server.url}/parts`);
      assert.equal(parts.headers.get('content-length'), '100001');
      assert.equal((await parts.text()).length, 100_001);
      const none = await fetch(`${server.url}/none`);
      assert.equal(none.status, 204);
      assert.equal(none.headers.get('content-length'), null);
    });

    it('answers HEAD with the length of what GET would send, and no body', async () => {
      const server = await serve(() => textResponse(200, 'hello'));
      const { text } = await sendRaw(server.port, [
        'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      ]);
      assert.match(text, /Content-Length: 5\r\n/);
      assert.ok(text.endsWith('\r\n\r\n'));
    });

    it('keeps the order and repetition of response headers', async () => {
      const server = await serve(() => ({
        status: 200,
        headers: ['X-B', '1', 'Set-Cookie', 'a=1', 'X-A', '2', 'Set-Cookie', 'b=2'],
        body: null,
      }));
      const { text } = await sendRaw(server.port, [LAST], { quietMs: 5000 });
      assert.match(text, /X-B: 1\r\nSet-Cookie: a=1\r\nX-A: 2\r\nSet-Cookie: b=2\r\n/);
    });

    it('streams bodies, chunked or of a known length, and cuts one that fails or is of another length', async () => {
      const errors: unknown[] = [];
      async function* body(...chunks: string[]) {
        for (const chunk of chunks) {
          await sleep(1);
          if (chunk === 'fail') throw new Error('source broke');
          yield Buffer.from(chunk);
        }
      }
      const server = await serve(
        ({ path }) => {
          if (path === '/length')
            return { status: 200, headers: ['Content-Length', '6'], body: body('abc', 'def') };
          if (path === '/short')
            return { status: 200, headers: ['Content-Length', '9'], body: body('abc', 'def') };
          if (path === '/long')
            return { status: 200, headers: ['Content-Length', '4'], body: body('abc', 'def') };
          if (path === '/fail') return { status: 200, headers: [], body: body('abc', 'fail') };
          return { status: 200, headers: [], body: body('abc', '', 'def') };
        },
        { onError: error => errors.push(error) },
      );
      assert.equal(await (await fetch(`${server.url}/chunked`)).text(), 'abcdef');
      assert.equal(await (await fetch(`${server.url}/length`)).text(), 'abcdef');
      for (const path of ['/short', '/long', '/fail']) {
        await assert.rejects(async () => (await fetch(server.url + path)).text(), path);
      }
      assert.equal(errors.length, 3);
    });

    it('does not pull a stream faster than its client reads', async () => {
      let produced = 0;
      const server = await serve(() => ({
        status: 200,
        headers: [],
        body: (async function* () {
          for (let i = 0; i < 2000; i++) {
            produced++;
            yield Buffer.alloc(64 * 1024);
          }
        })(),
      }));
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      socket.pause();
      await sleep(300);
      const seen = produced;
      await sleep(200);
      assert.ok(seen < 1000 && produced === seen, `${seen} then ${produced} chunks were produced unread`);
      socket.destroy();
    });

    it("reads a body at once, in chunks, or refuses it beyond the handler's own limit", async () => {
      const server = await serve(async request => {
        if (request.path === '/small') return textResponse(200, `${(await request.body(10)).length}`);
        let bytes = 0;
        for await (const chunk of request.stream()) bytes += chunk.length;
        return textResponse(200, `${bytes}`);
      });
      const post = (path: string, body: string) => fetch(server.url + path, { method: 'POST', body });
      assert.equal(await (await post('/small', 'x'.repeat(10))).text(), '10');
      const refused = await post('/small', 'x'.repeat(11));
      assert.equal(refused.status, 413);
      assert.deepEqual(await refused.json(), {
        message: 'Request body is too large',
        hint: 'The limit is 10 bytes.',
      });
      assert.equal(await (await post('/stream', 'x'.repeat(300_000))).text(), '300000');
    });

    it("refuses a body over the server's limit with 413 that a client still sending can read", async () => {
      const server = await serve(async request => textResponse(200, `${(await request.body()).length}`), {
        maxBodyBytes: 1000,
      });
      const response = await fetch(server.url, { method: 'POST', body: 'x'.repeat(2_000_000) });
      assert.equal(response.status, 413);
      const chunked = new ReadableStream({
        pull(controller) {
          controller.enqueue(Buffer.alloc(600));
        },
      });
      const second = await fetch(server.url, {
        method: 'POST',
        body: chunked,
        duplex: 'half',
      } as RequestInit);
      assert.equal(second.status, 413);
    });

    it('answers 500 without the reason when a handler fails, and its own words when it refuses', async () => {
      const errors: unknown[] = [];
      const server = await serve(
        ({ path }) => {
          if (path === '/refuse')
            throw new HttpError(409, 'Taken', { hint: 'Choose another', headers: ['X-A', 'b'] });
          if (path === '/split') return { status: 200, headers: ['X-A', 'b\r\nX-Evil: 1'], body: null };
          if (path === '/async') return Promise.reject(new Error('password is hunter2'));
          throw new Error('password is hunter2');
        },
        { onError: error => errors.push(error) },
      );
      for (const path of ['/sync', '/async', '/split']) {
        const response = await fetch(server.url + path);
        assert.equal(response.status, 500);
        assert.deepEqual(await response.json(), { message: 'Internal Server Error', hint: null });
      }
      assert.equal(errors.length, 3);
      const refused = await fetch(`${server.url}/refuse`);
      assert.equal(refused.status, 409);
      assert.equal(refused.headers.get('x-a'), 'b');
      assert.deepEqual(await refused.json(), { message: 'Taken', hint: 'Choose another' });
      assert.equal(errors.length, 3);
    });

    it('answers pipelined requests in order, however long each takes', async () => {
      const server = await serve(async ({ path }) => {
        await sleep(path === '/1' ? 60 : 1);
        return textResponse(200, path);
      });
      const bytes = ['/1', '/2', '/3', '/4'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
      const { text } = await sendRaw(server.port, [bytes + LAST], { quietMs: 5000 });
      assert.deepEqual(
        parseResponses(text).map(({ body }) => body),
        ['/1', '/2', '/3', '/4', '/last'],
      );
    });

    it('answers a long pipeline, however odd its last request', async () => {
      const server = await serve(async request => {
        await new Promise(setImmediate);
        return textResponse(200, `${request.path}${await request.body()}`);
      });
      const many = Array.from(
        { length: 2000 },
        (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\nX-Filler: ${'x'.repeat(60)}\r\n\r\n`,
      );
      many.push('POST /last HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n');
      many.push('GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const { text, closed } = await sendRaw(server.port, [many.join('')], {
        quietMs: 5000,
        limitMs: 20_000,
      });
      const bodies = parseResponses(text).map(({ body }) => body);
      assert.equal(bodies.length, 2002);
      assert.deepEqual(bodies.slice(1998), ['/1998', '/1999', '/last!', '/end']);
      assert.ok(closed);
    });

    it('begins no more requests while a client does not read its answers', async () => {
      let begun = 0;
      const server = await serve(() => {
        begun++;
        return { status: 200, headers: [], body: Buffer.alloc(1024 * 1024) };
      });
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500));
      await sleep(300);
      assert.ok(begun < 100, `${begun} requests were begun`);
      let bytes = 0;
      socket.on('data', chunk => {
        bytes += chunk.length;
      });
      socket.resume();
      for (let i = 0; i < 200 && begun < 500; i++) await sleep(20);
      assert.equal(begun, 500);
      assert.ok(bytes > 400 * 1024 * 1024);
      socket.destroy();
    });

    it('holds one buffer for a body that comes in single bytes', async () => {
      const server = await serve(async request => textResponse(200, `${(await request.body()).length}`));
      const chunked = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`;
      const { text } = await sendRaw(server.port, [chunked], { quietMs: 5000 });
      assert.match(text, /\r\n\r\n20000$/);
    });

    it('closes soon after the last response, even if the client goes on sending', async () => {
      const server = await serve(() => textResponse(200, 'bye', ['Connection', 'close']));
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {});
      const timer = setInterval(() => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 20);
      socket.resume();
      for (let i = 0; i < 300 && (i < 5 || server.connections > 0); i++) await sleep(20);
      clearInterval(timer);
      socket.destroy();
      assert.equal(server.connections, 0);
    });

    it('answers what came before a broken request, then refuses that', async () => {
      const server = await serve(async ({ path }) => {
        await sleep(30);
        return textResponse(200, path);
      });
      const { text, closed } = await sendRaw(
        server.port,
        ['GET /1 HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n'],
        { quietMs: 5000 },
      );
      assert.deepEqual(
        parseResponses(text).map(({ status }) => status),
        [200, 400],
      );
      assert.ok(closed);
    });

    it('answers a client that closes its sending side early', async () => {
      const server = await serve(async () => {
        await sleep(30);
        return textResponse(200, 'still here');
      });
      const socket = connect(server.port, '127.0.0.1');
      socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(await collect(socket), /still here$/);
    });

    it('tells the handler when its client goes away', async () => {
      const entered = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      const server = await serve(async request => {
        const aborted = new Promise<void>(resolve => request.onAborted(resolve));
        entered.resolve();
        await aborted;
        gone.resolve();
        return textResponse(200, 'nobody reads this');
      });
      const socket = connect(server.port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await entered.promise;
      socket.destroy();
      await gone.promise;
    });

    it('does not tell of an abort after a normal end', async () => {
      let aborts = 0;
      const server = await serve(request => {
        request.onAborted(() => aborts++);
        return textResponse(200, 'ok');
      });
      await (await fetch(server.url)).text();
      await server.close(100);
      assert.equal(aborts, 0);
    });

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
          const { text, closed } = await sendRaw(server.port, [beginning], { quietMs: 2500 });
          assert.ok(closed, beginning);
          assert.match(text, /^HTTP\/1\.1 408 /, beginning);
        }),
      );
    });

    it('is not held open by a client that sends one byte at a time', async () => {
      const server = await serve(() => textResponse(200, 'ok'), { headersTimeoutMs: 200 });
      const bytes =
        'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n';
      const started = performance.now();
      const { text } = await sendRaw(server.port, [...bytes], { pauseMs: 20, quietMs: 2000 });
      assert.match(text, /^HTTP\/1\.1 408 /);
      assert.ok(performance.now() - started < 4000);
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
      for (let i = 0; i < 100 && server.connections > 0; i++) await sleep(30);
      assert.equal(server.connections, 0);
      stuck.destroy();
    });

    it('holds 2,000 idle connections and still answers', { timeout: 30_000 }, async () => {
      const server = await serve(() => textResponse(200, 'ok'));
      const sockets = await openMany(server.port, 2000);
      for (let i = 0; i < 1000 && server.connections < 2000; i++) await sleep(20);
      assert.equal(server.connections, 2000);
      assert.equal(await (await fetch(server.url)).text(), 'ok');
      for (const socket of sockets) socket.destroy();
    });

    it('refuses connections over its limit', async () => {
      const server = await serve(() => textResponse(200, 'ok'), { maxConnections: 3 });
      const sockets = await openMany(server.port, 3);
      const extra = connect(server.port, '127.0.0.1');
      extra.on('error', () => {});
      assert.equal(await collect(extra), '');
      for (const socket of sockets) socket.destroy();
    });

    it('drains on close: work in progress ends with Connection: close, idle connections at once', async () => {
      const entered = Promise.withResolvers<void>();
      const server = await serve(async () => {
        entered.resolve();
        await sleep(150);
        return textResponse(200, 'done');
      });
      const [idle] = await openMany(server.port, 1);
      const busy = connect(server.port, '127.0.0.1');
      busy.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const answer = collect(busy);
      await entered.promise;
      const started = performance.now();
      const closed = server.close(5000);
      assert.equal(server.close(), closed);
      const idleEnd = collect(idle!);
      assert.match(await answer, /Connection: close\r\n[\s\S]*done$/);
      await idleEnd;
      await closed;
      assert.ok(performance.now() - started < 1500);
      await assert.rejects(fetch(server.url));
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
      assert.ok(performance.now() - started < 1500);
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
      socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
      await sleep(30);
      socket.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly');
      await sleep(30);
      socket.end(' late');
      assert.match(await collect(socket), /plain[\s\S]*101 Switching[\s\S]*\/ws\|early late$/);
      const h2c = await sendRaw(
        server.port,
        [
          'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
        ],
        { quietMs: 500 },
      );
      assert.match(h2c.text, /^HTTP\/1\.1 200 [\s\S]*plain$/);
    });
  });
}

function collect(socket: Socket): Promise<string> {
  return new Promise(resolve => {
    let text = '';
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', () => resolve(text));
  });
}

async function openMany(port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket));
          socket.on('error', reject);
        }),
    ),
  );
}

function getOverUnixSocket(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, path: '/', agent: false }, response => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end();
  });
}

/** What a killed server leaves behind: a socket file that nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('up'))`,
  ]);
  await new Promise(resolve => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise(resolve => child.once('exit', resolve));
}
