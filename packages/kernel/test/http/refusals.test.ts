import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { HttpError, textResponse } from '../../src/http/index.ts';
import { collect, onBothLanes, untilText } from './support.ts';

const MB = 1024 * 1024;

function post(port: number, lines: string, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`);
  return socket;
}

onBothLanes('what is refused before its body is read', serve => {
  it('is answered at once, whatever length it announces, and its connection closes', async () => {
    const server = await serve(({ headers }) => {
      throw new HttpError(401, `No token, ${headers['content-length'] ?? 'chunked'}`);
    });
    for (const framing of ['Content-Length: 5000000', 'Transfer-Encoding: chunked']) {
      const socket = post(server.port, framing);
      const text = await collect(socket);
      assert.match(
        text,
        /^HTTP\/1\.1 401 [\s\S]*\r\nConnection: close\r\n[\s\S]*"No token, (5000000|chunked)"/,
      );
    }
  });

  it('is never told to send by 100 Continue', async () => {
    const server = await serve(() => textResponse(403, 'no'));
    const socket = post(server.port, 'Content-Length: 5\r\nExpect: 100-continue');
    assert.match(await collect(socket), /^HTTP\/1\.1 403 /);
  });

  it('takes no memory, however much is sent', async () => {
    const server = await serve(() => textResponse(403, 'no'), {
      maxBodiesBytes: 100_000,
      maxBodyBytes: MB * 64,
    });
    const response = await fetch(server.url, { method: 'POST', body: Buffer.alloc(3 * MB) });
    assert.equal(response.status, 403);
  });

  it('keeps its connection when little of the body was left', async () => {
    const server = await serve(({ path }) => textResponse(200, path));
    const socket = connect(server.port, '127.0.0.1');
    const text = collect(socket);
    socket.write('POST /first HTTP/1.1\r\nHost: a\r\nX-Odd: \x80\r\nContent-Length: 70000\r\n\r\n');
    socket.write(`${'x'.repeat(70_000)}GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const answers = await text;
    assert.match(answers, /\/first/);
  });
});

onBothLanes('bodies of all requests together', serve => {
  const options = { maxBodiesBytes: 100_000, maxBodyBytes: MB };

  it('that would take more memory than they may are 503 with Retry-After, and the next ones are served', async () => {
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const server = await serve(async request => {
      const { length } = await request.body();
      if (request.path === '/held') {
        entered.resolve();
        await release.promise;
      }
      return textResponse(200, `${length}`);
    }, options);
    const ask = (path: string, bytes: number) =>
      fetch(server.url + path, { method: 'POST', body: Buffer.alloc(bytes) });
    const held = ask('/held', 60_000);
    await entered.promise;
    const refused = await ask('/', 60_000);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await ask('/', 20_000)).status, 200);
    release.resolve();
    assert.equal(await (await held).text(), '60000');
    assert.equal(await (await ask('/', 60_000)).text(), '60000');
  });

  it('larger than all bodies may be together are 413: trying again would change nothing', async () => {
    const server = await serve(
      async request => textResponse(200, `${(await request.body()).length}`),
      options,
    );
    assert.equal((await fetch(server.url, { method: 'POST', body: Buffer.alloc(200_000) })).status, 413);
  });

  it('of one source that sends slowly do not lock out another', async () => {
    const server = await serve(
      async request => textResponse(200, `${(await request.body()).length}`),
      options,
    );
    const slow = [1, 2, 3].map(() => {
      const socket = post(server.port, 'Content-Length: 50000', '127.0.0.2');
      socket.write('x'.repeat(36_000));
      return socket;
    });
    const refusals = slow.map(socket =>
      untilText(socket, /^HTTP\/1\.1 503 [\s\S]*Retry-After: 1/).then(() => true),
    );
    // Three don't fit: one of them is refused, and the others hold what there is.
    await Promise.race(refusals);
    const response = await fetch(server.url, { method: 'POST', body: Buffer.alloc(60_000) });
    assert.equal(await response.text(), '60000');
    for (const socket of slow) socket.destroy();
    await Promise.allSettled(refusals);
  });
});
