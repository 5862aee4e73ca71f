import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilStill } from '@peakstone/testing';
import { textResponse } from '../../src/http/index.ts';
import { parseResponses, sendRaw } from './raw.ts';
import { collect, LAST, onBothLanes } from './support.ts';

onBothLanes('requests on one connection', serve => {
  it('answers pipelined requests in order, however long each takes', async () => {
    const server = await serve(async ({ path }) => {
      await sleep(path === '/1' ? 60 : 1);
      return textResponse(200, path);
    });
    const bytes = ['/1', '/2', '/3', '/4'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
    const { text } = await sendRaw(server.port, [bytes + LAST]);
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
    const { text, closed } = await sendRaw(server.port, [many.join('')]);
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
    await untilStill(() => begun);
    assert.ok(begun < 100, `${begun} requests were begun`);
    let bytes = 0;
    socket.on('data', chunk => {
      bytes += chunk.length;
    });
    socket.resume();
    const all = 500 * 1024 * 1024;
    for (let i = 0; i < 3000 && bytes < all; i++) await sleep(20);
    assert.equal(begun, 500);
    assert.ok(bytes > all, `${bytes} bytes came`);
    socket.destroy();
  });

  it('holds one buffer for a body that comes in single bytes', async () => {
    const server = await serve(async request => textResponse(200, `${(await request.body()).length}`));
    const chunked = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`;
    const { text } = await sendRaw(server.port, [chunked]);
    assert.match(text, /\r\n\r\n20000$/);
  });

  it('closes soon after the last response, even if the client goes on sending', async () => {
    const server = await serve(() => textResponse(200, 'bye', ['Connection', 'close']));
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    const timer = setInterval(() => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 20);
    socket.resume();
    for (let i = 0; i < 1500 && (i < 5 || server.connections > 0); i++) await sleep(20);
    clearInterval(timer);
    socket.destroy();
    assert.equal(server.connections, 0);
  });

  it('answers what came before a broken request, then refuses that', async () => {
    const server = await serve(async ({ path }) => {
      await sleep(30);
      return textResponse(200, path);
    });
    const { text, closed } = await sendRaw(server.port, [
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n',
    ]);
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

  it('is not read further than it is answered, whoever parses it', async () => {
    const first = Promise.withResolvers<void>();
    let begun = 0;
    const server = await serve(async request => {
      if (begun++ === 0) await first.promise;
      return textResponse(200, String(await request.body()));
    });
    const one = `POST / HTTP/1.1\r\nHost: a\r\nX-Filler: ${'x'.repeat(8000)}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n`;
    const count = 2500;
    const socket = connect(server.port, '127.0.0.1');
    let bytes = 0;
    let tail = '';
    socket.on('data', chunk => {
      bytes += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-200);
    });
    const ended = new Promise(resolve => socket.once('close', resolve));
    for (let n = 0; n < count; n += 100) socket.write(one.repeat(100));
    socket.end('GET / HTTP/1.1\r\nHost: a\r\nX-Last: 1\r\nConnection: close\r\n\r\n');
    await untilStill(() => socket.writableLength);
    // Beyond what the system keeps for a connection, it waits where it came from.
    assert.ok(socket.writableLength > 0);
    assert.equal(begun, 1);
    first.resolve();
    await ended;
    assert.equal(begun, count + 1);
    assert.match(tail, /Connection: close/);
    assert.ok(bytes > count * 50);
  });

  const ODD = [
    'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n',
    'POST /2 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n',
    'GET /2 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    'GET /2 HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, x\r\n\r\n',
  ];

  it('answers an odd request behind a plain one whole, though the client has closed its side', async () => {
    const server = await serve(async request => {
      await sleep(5);
      await request.body();
      return textResponse(200, request.path);
    });
    for (const odd of ODD) {
      const socket = connect(server.port, '127.0.0.1');
      const text = collect(socket);
      socket.end(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${odd}`);
      assert.deepEqual(
        parseResponses(await text)
          .filter(({ status }) => status !== 100)
          .map(({ body }) => body),
        ['/1', '/2'],
        JSON.stringify(odd),
      );
    }
  });

  it('refuses, or gives away, only when what came before is answered', async () => {
    const handshake = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const server = await serve(
      async request => {
        await sleep(30);
        await request.body();
        return textResponse(200, request.path);
      },
      {
        onUpgrade: (_request, socket) =>
          socket.end('HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n'),
      },
    );
    for (const [last, status] of [
      ['CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n', 405],
      [`GET /ws HTTP/1.1\r\n${handshake}${key}`, 101],
    ] as const)
      for (const odd of ODD) {
        const { text } = await sendRaw(server.port, [odd + last]);
        assert.deepEqual(
          parseResponses(text)
            .map(each => each.status)
            .filter(each => each !== 100),
          [200, status],
          JSON.stringify(odd + last),
        );
      }
  });
});
