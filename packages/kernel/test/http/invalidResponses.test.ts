import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HttpError, type HttpResponse, textResponse } from '../../src/http/index.ts';
import { sendRaw } from './raw.ts';
import { LAST, onBothLanes } from './support.ts';

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begun');
  throw new Error('source broke');
}

/** An iterable that can't even be begun, nor closed. */
const unopenable = {
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    throw new Error('cannot be read');
  },
};

const ok = { status: 200, headers: [], body: 'x' } as const;

/** What a handler's mistake, or what it was told by a database, can look like. */
const INVALID: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  'a text': 'hello',
  'an empty object': {},
  'no headers': { status: 200, body: 'x' },
  'half a pair of headers': { ...ok, headers: ['X-A'] },
  'headers as an object': { ...ok, headers: { 'X-A': 'b' } },
  'a header that is a number': { ...ok, headers: ['X-A', 5] },
  'a header that is undefined': { ...ok, headers: ['X-A', undefined] },
  'a name that is a number': { ...ok, headers: [5, 'a'] },
  'an empty name': { ...ok, headers: ['', 'a'] },
  'a name with a space': { ...ok, headers: ['X A', 'a'] },
  'a name with a colon': { ...ok, headers: ['X:A', 'a'] },
  'a name with CRLF': { ...ok, headers: ['X\r\nEvil: 1\r\nX', 'a'] },
  'a value with CRLF': { ...ok, headers: ['X-A', 'b\r\nX-Evil: 1'] },
  'a value with NUL': { ...ok, headers: ['X-A', 'b\0'] },
  'a value outside latin-1': { ...ok, headers: ['X-A', '日本'] },
  'a status that is text': { ...ok, status: '200' },
  'a status of 0': { ...ok, status: 0 },
  'a status of 101': { ...ok, status: 101 },
  'a fractional status': { ...ok, status: 200.5 },
  'a status that is no number': { ...ok, status: Number.NaN },
  'a reason with CRLF': { ...ok, statusText: 'OK\r\nX-Evil: 1' },
  'a reason that is a number': { ...ok, statusText: 5 },
  'two lengths': { ...ok, headers: ['Content-Length', '1', 'content-length', '1'] },
  'a length that is none': { ...ok, headers: ['Content-Length', '1, 1'] },
  'a wrong length': { ...ok, headers: ['Content-Length', '5'] },
  'a body that is a number': { ...ok, body: 5 },
  'a body that is an object': { ...ok, body: { a: 1 } },
  'no body': { status: 200, headers: [] },
  'a body of texts': { ...ok, body: ['a', 'b'] },
  'a stream that belongs to an invalid status': { ...ok, status: 5, body: failing() },
  'a stream that can not be closed': { ...ok, status: 5, body: unopenable },
};

/** Fields about the connection: whoever sets them, they don't reach the client. */
const CONNECTION_FIELDS = [
  'Connection: upgrade',
  'Keep-Alive: timeout=999',
  'Transfer-Encoding: gzip',
  'Trailer: x',
  'TE: trailers',
  'Upgrade: h2c',
  'Proxy-Connection: keep-alive',
  'Proxy-Authenticate: Basic',
  'Proxy-Authorization: Basic x',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
];

onBothLanes('a response that is none', serve => {
  it('becomes a 500 for that request, whatever it is, and the next is served', async () => {
    const errors: unknown[] = [];
    const server = await serve(
      async ({ path }) => {
        const name = decodeURIComponent(path.slice(1));
        return name === 'last' ? textResponse(200, 'alive') : (INVALID[name] as HttpResponse);
      },
      { onError: error => errors.push(error) },
    );
    for (const name of Object.keys(INVALID)) {
      // In node:http's lane a client asks with HTTP/1.0 or not: it must make no difference to anybody else.
      const { text } = await sendRaw(server.port, [
        `GET /${encodeURIComponent(name)} HTTP/1.1\r\nHost: a\r\n\r\n${LAST}`,
      ]);
      assert.match(text, /^HTTP\/1\.1 500 /, name);
      assert.ok(!text.includes('Evil'), name);
      assert.match(text, /HTTP\/1\.1 200 OK[\s\S]*alive$/, name);
    }
    assert.equal(errors.length, Object.keys(INVALID).length);
  });

  it('is nobody else’s affair when not even reading it works, at whatever time it is read', async () => {
    const errors: unknown[] = [];
    for (const late of [false, true]) {
      // The first reads may work, as those that look whether it is a response at all.
      for (const reads of [0, 1, 2, 3, 5, 8]) {
        const treacherous = (): HttpResponse => {
          let left = reads;
          const read = <T>(value: T): T => {
            if (left-- > 0) return value;
            throw new Error('cannot be read');
          };
          return {
            get status() {
              return read(200);
            },
            get headers() {
              return read([]);
            },
            get body() {
              return read('x');
            },
          };
        };
        const server = await serve(
          ({ path }) =>
            path === '/last'
              ? textResponse(200, 'alive')
              : late
                ? Promise.resolve().then(treacherous)
                : treacherous(),
          { onError: error => errors.push(error) },
        );
        // Answered with 500, or cut: both are this request's own.
        await fetch(server.url).then(
          response => response.arrayBuffer(),
          () => undefined,
        );
        assert.equal(await (await fetch(`${server.url}/last`)).text(), 'alive');
        await server.close();
      }
    }
    assert.ok(errors.length > 0);
  });

  it('cuts the connection when it fails after it has begun, or is made of anything but bytes', async () => {
    const texts = async function* () {
      yield 'text' as never;
    };
    const server = await serve(({ path }) => ({
      status: 200,
      headers: [],
      body: path === '/texts' ? texts() : path === '/none' ? unopenable : failing(),
    }));
    for (const path of ['/failing', '/texts', '/none'])
      await assert.rejects(async () => (await fetch(server.url + path)).text(), path);
  });

  it('becomes a 500 also when it is a refusal, or when who is told of failures fails', async () => {
    const server = await serve(
      ({ path }) => {
        if (path === '/told') throw new Error('first');
        throw new HttpError(path === '/status' ? 42 : 400, 'No', { headers: ['X-A', 'b\r\n'] });
      },
      {
        onError: () => {
          throw new Error('the log is full');
        },
      },
    );
    for (const path of ['/told', '/status', '/header'])
      assert.equal((await fetch(server.url + path)).status, 500, path);
  });

  it('never carries what concerns the connection, whoever asks for it', async () => {
    const headers = CONNECTION_FIELDS.flatMap(line => line.split(': '));
    const server = await serve(({ path }) => ({
      status: 200,
      headers: [...headers, 'X-Kept', '1'],
      body:
        path === '/stream'
          ? (async function* () {
              yield Buffer.from('ok');
            })()
          : 'ok',
    }));
    for (const path of ['/', '/stream']) {
      const { text } = await sendRaw(server.port, [
        `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET /odd HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close\r\n\r\n`,
      ]);
      for (const line of CONNECTION_FIELDS)
        assert.ok(!text.toLowerCase().includes(`\r\n${line.toLowerCase()}\r\n`), line);
      assert.equal(text.split('X-Kept: 1').length, 3);
    }
  });

  it('nor a listener that fails when its client leaves: the server goes on', async () => {
    const told = Promise.withResolvers<unknown>();
    const entered = Promise.withResolvers<void>();
    const server = await serve(
      ({ path }) => {
        if (path === '/last') return textResponse(200, 'alive');
        return new Promise(() => {});
      },
      { onError: error => told.resolve(error) },
    );
    const leaving = await serve(
      request =>
        new Promise(() => {
          request.onAborted(() => {
            throw new Error('listener broke');
          });
          entered.resolve();
        }),
      { onError: error => told.resolve(error) },
    );
    const abort = new AbortController();
    const asked = fetch(leaving.url, { signal: abort.signal });
    await entered.promise;
    abort.abort();
    await assert.rejects(asked);
    assert.match(String(await told.promise), /listener broke/);
    assert.equal(await (await fetch(`${server.url}/last`)).text(), 'alive');
  });
});
