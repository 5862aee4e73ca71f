import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilStill } from '@peakstone/testing';
import { HttpError, textResponse } from '../../src/http/index.ts';
import { sendRaw } from './raw.ts';
import { LAST, onBothLanes } from './support.ts';

onBothLanes('bodies and headers', serve => {
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
    const { text } = await sendRaw(server.port, ['HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']);
    assert.match(text, /Content-Length: 5\r\n/);
    assert.ok(text.endsWith('\r\n\r\n'));
  });

  it('keeps the order and repetition of response headers', async () => {
    const server = await serve(() => ({
      status: 200,
      headers: ['X-B', '1', 'Set-Cookie', 'a=1', 'X-A', '2', 'Set-Cookie', 'b=2'],
      body: null,
    }));
    const { text } = await sendRaw(server.port, [LAST]);
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
    // The sockets' buffers are full then, whenever that is; unbounded, it would come to its end.
    await untilStill(() => produced);
    assert.ok(produced < 1000, `${produced} chunks were produced unread`);
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

  it('sends any status of three digits, 1xx apart, as the handler chose it', async () => {
    const server = await serve(({ path }) => textResponse(Number(path.slice(1)), 'odd'));
    const ask = async (status: number) =>
      (await sendRaw(server.port, [LAST.replace('/last', `/${status}`)])).text;
    for (const status of [600, 999]) {
      assert.match(await ask(status), new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\nodd$`));
    }
    for (const status of [101, 1000]) assert.match(await ask(status), /^HTTP\/1.1 500 /);
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

  it('counts what a handler makes of a body, until it has answered', async () => {
    let answer = (): void => {};
    let holds = (): void => {};
    const isHeld = new Promise<void>(resolve => {
      holds = resolve;
    });
    const mayAnswer = new Promise<void>(resolve => {
      answer = resolve;
    });
    const server = await serve(
      async request => {
        await request.body();
        request.hold(Number(request.query));
        if (request.path === '/first') {
          holds();
          await mayAnswer;
        }
        return textResponse(200, 'made');
      },
      { maxBodiesBytes: 1_000_000 },
    );
    const post = (target: string) => fetch(server.url + target, { method: 'POST', body: 'x'.repeat(1000) });
    const first = post('/first?900000');
    await isHeld;
    const refused = await post('/second?200000');
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await post('/second?50000')).status, 200);
    answer();
    assert.equal((await first).status, 200);
    assert.equal((await post('/second?900000')).status, 200);
  });
});
