import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { textResponse } from '../../src/http/index.ts';
import { collect, onBothLanes } from './support.ts';

/** Longer than it takes to send several of the answer's first bytes. */
const SLOW_MS = 900;

onBothLanes('a client that has closed its side', serve => {
  for (const framing of [
    '',
    'Content-Length: 2\r\n\r\nab',
    'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ]) {
    it(`gets its answer, however slow that is (${JSON.stringify(framing.slice(0, 17))})`, async () => {
      let aborted = 0;
      const server = await serve(async request => {
        request.onAborted(() => aborted++);
        await sleep(SLOW_MS);
        return textResponse(200, 'slow');
      });
      const socket = connect(server.port, '127.0.0.1');
      const text = collect(socket);
      const request =
        framing === '' ? 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' : `POST / HTTP/1.1\r\nHost: a\r\n${framing}`;
      socket.end(request);
      assert.match(await text, /^HTTP\/1\.1 200 OK\r\nContent-Type: [\s\S]*\r\n\r\nslow$/);
      assert.equal(aborted, 0);
    });
  }

  it('gets the answers to all that it had asked', async () => {
    const server = await serve(async ({ path }) => {
      await sleep(path === '/b' ? SLOW_MS : 20);
      return textResponse(200, path);
    });
    const socket = connect(server.port, '127.0.0.1');
    const text = collect(socket);
    socket.end(['/a', '/b', '/c'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    const answers = (await text).split(/(?=HTTP\/1\.1 )/);
    assert.deepEqual(
      answers.map(answer => answer.slice(answer.indexOf('\r\n\r\n') + 4)),
      ['/a', '/b', '/c'],
    );
  });

  it('is found out when it has left, though it closed in the same way', async () => {
    const aborted = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const server = await serve(
      request =>
        new Promise(() => {
          request.onAborted(() => aborted.resolve());
          entered.resolve();
        }),
    );
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await entered.promise;
    socket.destroy();
    await aborted.promise;
  });

  it('within a body gets 400, and the connection ends', async () => {
    const server = await serve(async request => textResponse(200, `${(await request.body()).length}`));
    for (const framing of ['Content-Length: 90000\r\n\r\nab', 'Transfer-Encoding: chunked\r\n\r\n5\r\nab']) {
      const socket = connect(server.port, '127.0.0.1');
      const text = collect(socket);
      socket.end(`POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${framing}`);
      assert.match(await text, /^HTTP\/1\.1 400 /);
    }
  });
});
