import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { it } from 'node:test';
import { brotliDecompressSync, createGunzip, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Handler, HttpBody } from '../../src/http/index.ts';
import { compress } from '../../src/http/middleware/compress.ts';
import { onBothLanes } from './support.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it came: fetch would decode it, and hide how it was sent. */
function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { method, headers, agent: false }, response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

const JSON_TYPE = ['Content-Type', 'application/json; charset=utf-8'];
const rows = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, title: `film ${id}` })));
const handler =
  (headers: readonly string[], body: HttpBody, status = 200): Handler =>
  () => ({ status, headers, body });
const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

onBothLanes('compression', serve => {
  const served = (inner: Handler) => serve(compress()(inner));

  it('makes answers of every size and kind smaller, and they are the same once decoded', async () => {
    for (const count of [50, 2000, 60_000]) {
      const text = rows(count);
      const bytes = Buffer.from(text);
      const bodies: Readonly<Record<string, () => HttpBody>> = {
        text: () => text,
        bytes: () => bytes,
        parts: () => [bytes.subarray(0, 700), bytes.subarray(700)],
        stream: async function* () {
          for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
        },
      };
      for (const [kind, body] of Object.entries(bodies)) {
        const { url } = await served(() => ({ status: 200, headers: JSON_TYPE, body: body() }));
        for (const encoding of ['gzip', 'br', 'zstd'] as const) {
          const answer = await ask(url, { 'accept-encoding': encoding });
          assert.equal(answer.headers['content-encoding'], encoding, `${kind} ${count}`);
          assert.equal(answer.headers.vary, 'Accept-Encoding');
          assert.ok(answer.body.length < bytes.length / 2);
          assert.equal(decoders[encoding](answer.body).toString(), text);
        }
        const plain = await ask(url);
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.equal(plain.headers.vary, 'Accept-Encoding');
        assert.equal(plain.body.toString(), text);
      }
    }
  });

  it('leaves alone what it must not or need not touch', async () => {
    const text = rows(100);
    const untouched: Readonly<Record<string, Handler>> = {
      'a short answer': handler(JSON_TYPE, rows(10)),
      'a picture': handler(['Content-Type', 'image/png'], text),
      'no type': handler([], text),
      'an encoded answer': handler([...JSON_TYPE, 'Content-Encoding', 'gzip'], text),
      'byte ranges': handler([...JSON_TYPE, 'Content-Range', 'bytes 0-99/1000'], text, 206),
      'no-transform': handler([...JSON_TYPE, 'Cache-Control', 'private, no-transform'], text),
      'a digest': handler([...JSON_TYPE, 'Content-Digest', 'sha-256=:x:'], text),
      'a cookie that is set': handler([...JSON_TYPE, 'Set-Cookie', 'session=1'], text),
      'events of many senders': handler(['Content-Type', 'text/event-stream'], text),
      'mixed parts': handler(['Content-Type', 'multipart/mixed; boundary=x'], text),
    };
    for (const [name, inner] of Object.entries(untouched)) {
      const answer = await ask((await served(inner)).url, { 'accept-encoding': 'gzip, br, zstd' });
      assert.notEqual(answer.headers['content-encoding'], 'zstd', name);
      assert.equal(answer.headers['content-length'], String(answer.body.length), name);
    }
  });

  it('never compresses for a request with credentials that a browser adds by itself', async () => {
    const { url } = await served(handler(JSON_TYPE, rows(100)));
    const encodingWith = async (headers: Record<string, string>) =>
      (await ask(url, { 'accept-encoding': 'gzip', ...headers })).headers['content-encoding'];
    assert.equal(await encodingWith({ cookie: 'session=1' }), undefined);
    assert.equal(await encodingWith({ authorization: 'Basic eDp5' }), undefined);
    assert.equal(await encodingWith({ authorization: 'Negotiate x' }), undefined);
    assert.equal(await encodingWith({ authorization: 'Bearer x' }), 'gzip');
    assert.equal(await encodingWith({ apikey: 'x' }), 'gzip');
  });

  it('weakens a strong ETag, keeps a weak one, and speaks of both in 304', async () => {
    const tagOf = async (tag: string, status = 200) => {
      const { url } = await served(
        handler([...JSON_TYPE, 'ETag', tag], status === 304 ? null : rows(100), status),
      );
      return (await ask(url, { 'accept-encoding': 'gzip' })).headers;
    };
    assert.equal((await tagOf('"a"')).etag, 'W/"a"');
    assert.equal((await tagOf('W/"a"')).etag, 'W/"a"');
    assert.equal((await tagOf('"a"', 304)).vary, 'Accept-Encoding');
  });

  it('answers HEAD as it would GET, without a body or a length that is not known', async () => {
    const { url } = await served(
      handler([...JSON_TYPE, 'Content-Length', String(rows(100).length)], rows(100)),
    );
    const { headers, body } = await ask(url, { 'accept-encoding': 'br' }, 'HEAD');
    assert.equal(headers['content-encoding'], 'br');
    assert.equal(headers['content-length'], undefined);
    assert.equal(body.length, 0);
    const unsized = await ask(
      (await served(handler(JSON_TYPE, null))).url,
      { 'accept-encoding': 'br' },
      'HEAD',
    );
    assert.equal(unsized.headers.vary, 'Accept-Encoding');
    assert.equal(unsized.headers['content-encoding'], undefined);
  });

  it('says once what the answer varies by', async () => {
    for (const [vary, expected] of [
      ['*', '*'],
      ['Origin, accept-encoding', 'Origin, accept-encoding'],
      ['Origin', 'Origin, Accept-Encoding'],
    ] as const) {
      const { url } = await served(handler([...JSON_TYPE, 'Vary', vary], rows(100)));
      assert.equal((await ask(url, { 'accept-encoding': 'gzip' })).headers.vary, expected);
    }
  });

  it('compresses partial results of rows, and errors', async () => {
    const partial = await served(handler([...JSON_TYPE, 'Content-Range', '0-99/1000'], rows(100), 206));
    assert.equal((await ask(partial.url, { 'accept-encoding': 'gzip' })).headers['content-encoding'], 'gzip');
    const failed = await served(handler(['Content-Type', 'application/problem+json'], rows(100), 400));
    assert.equal((await ask(failed.url, { 'accept-encoding': 'gzip' })).headers['content-encoding'], 'gzip');
  });

  it('sends what a stream has given while the rest is still to come', async () => {
    const more = Promise.withResolvers<void>();
    const { url } = await served(() => ({
      status: 200,
      headers: ['Content-Type', 'application/x-ndjson'],
      body: (async function* () {
        yield Buffer.from('{"first":1}\n');
        await more.promise;
        yield Buffer.from('{"second":2}\n');
      })(),
    }));
    const text = await new Promise<string>((resolve, reject) => {
      const asked = httpRequest(url, { headers: { 'accept-encoding': 'gzip' }, agent: false }, response => {
        let decoded = '';
        response
          .pipe(createGunzip())
          .on('data', chunk => {
            decoded += chunk;
            // It has come although the stream goes on: only now may it.
            if (decoded === '{"first":1}\n') more.resolve();
          })
          .on('end', () => resolve(decoded))
          .on('error', reject);
      });
      asked.on('error', reject);
      asked.end();
    });
    assert.equal(text, '{"first":1}\n{"second":2}\n');
  });

  it('cuts a stream that fails, and ends one whose client leaves or asks with HEAD', async () => {
    const errors: unknown[] = [];
    const ended = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* endless(done: PromiseWithResolvers<void>): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.alloc(20_000, 'x');
          await new Promise(resolve => setImmediate(resolve));
        }
      } finally {
        done.resolve();
      }
    }
    const server = await serve(
      compress()(({ path, method }) => ({
        status: 200,
        headers: JSON_TYPE,
        body:
          path === '/fails'
            ? (async function* () {
                yield Buffer.alloc(5000, 'x');
                throw new Error('source broke');
              })()
            : endless(ended[method === 'HEAD' ? 1 : 0]!),
      })),
      { onError: error => errors.push(error) },
    );
    await assert.rejects(ask(`${server.url}/fails`, { 'accept-encoding': 'gzip' }));
    assert.match(String(errors[0]), /source broke/);
    const asked = httpRequest(
      server.url,
      { headers: { 'accept-encoding': 'zstd' }, agent: false },
      response => response.once('data', () => asked.destroy()),
    );
    asked.on('error', () => {});
    asked.end();
    await ended[0]!.promise;
    assert.equal((await ask(server.url, { 'accept-encoding': 'zstd' }, 'HEAD')).body.length, 0);
  });
});
