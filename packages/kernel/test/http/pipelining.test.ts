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
});
