import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '@peakstone/testing';
import { type Handler, type HttpServer, jsonResponse, serveHttp } from '../../src/http/index.ts';
import { isWhole, parseResponses, type RawAnswer, sendRaw } from './raw.ts';

const MAX_BODY = 100_000;

/** More, or other, random cases: `FUZZ_RUNS=5000 FUZZ_SEED=3 node --test …`. */
/** Of one comparison, which a busy machine may have to repeat. */
const TIMEOUT_MS = 240_000;
const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 240);
const FUZZ_SEED = Number(process.env.FUZZ_SEED ?? 42);

/** Tells what reached the handler, so that a request understood differently shows. */
const echo: Handler = async request => {
  const body = await request.body();
  return jsonResponse(200, {
    method: request.method,
    target: request.target,
    path: request.path,
    query: request.query,
    headers: request.headers,
    bytes: body.length,
    body: body.subarray(0, 200).toString('latin1'),
  });
};

const G = 'GET / HTTP/1.1\r\nHost: a\r\n';
const P = 'POST /p HTTP/1.1\r\nHost: a\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

const CORPUS: Readonly<Record<string, string>> = {
  'a plain GET': `${G}\r\n`,
  'a query': 'GET /films?id=eq.1&select=*,actors(*) HTTP/1.1\r\nHost: a\r\n\r\n',
  'reserved characters in the query': 'GET /f?a=cs.{1,"2"}&b=<>^`|\\ HTTP/1.1\r\nHost: a\r\n\r\n',
  'two question marks': 'GET /f?a?b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a fragment': 'GET /f#frag HTTP/1.1\r\nHost: a\r\n\r\n',
  'two fragments': 'GET /f#a?b#c HTTP/1.1\r\nHost: a\r\n\r\n',
  'a double slash': 'GET //evil.example/x HTTP/1.1\r\nHost: a\r\n\r\n',
  'dot segments': 'GET /a/../b/%2e%2e/c HTTP/1.1\r\nHost: a\r\n\r\n',
  HEAD: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
  DELETE: 'DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n',
  'Prefer twice': `${G}Prefer: a=b\r\nprefer: c=d\r\n\r\n${NEXT}`,
  'Accept twice, one empty': `${G}Accept: a/b\r\nAccept:\r\n\r\n${NEXT}`,
  'an empty credential': `${G}Authorization: \r\nX-Empty:\r\n\r\n${NEXT}`,
  OPTIONS: 'OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n',
  'OPTIONS *': 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'an unknown method': 'BREW /x HTTP/1.1\r\nHost: a\r\n\r\n',
  'a lower-case method': 'get /x HTTP/1.1\r\nHost: a\r\n\r\n',
  QUERY: 'QUERY /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
  'a POST with a body': `${P}Content-Length: 5\r\n\r\nhello`,
  'PATCH and PUT': `PATCH /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabPUT /y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz`,
  'a POST without a length': `${P}\r\n`,
  'a POST of length zero': `${P}Content-Length: 0\r\n\r\n`,
  'a GET with a body': `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
  'a HEAD with a body': `HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}${NEXT}`,
  'three pipelined requests': `${G}\r\n${P}Content-Length: 3\r\n\r\nabc${NEXT}`,
  'pipelined, plain then chunked then plain': `${G}\r\n${P}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${NEXT}`,
  'pipelined, plain then broken': `${G}\r\nnonsense\r\n\r\n`,
  'pipelined with blank lines between': `${G}\r\n\r\n\r\n${NEXT}`,
  'Connection: close': `${G}Connection: close\r\n\r\n${NEXT}`,
  'Connection: CLOSE': `${G}Connection: CLOSE\r\n\r\n${NEXT}`,
  'Connection: keep-alive': `${G}Connection: keep-alive\r\n\r\n${NEXT}`,
  'Connection with several options': `${G}Connection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n${NEXT}`,
  'Connection: close in a list': `${G}Connection: foo, close\r\n\r\n${NEXT}`,
  'HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'HTTP/1.0 with keep-alive': 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
  'HTTP/1.2': 'GET / HTTP/1.2\r\nHost: a\r\n\r\n',
  'HTTP/2.0': 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
  'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/0.9': 'GET /\r\n\r\n',
  'no version': 'GET / \r\nHost: a\r\n\r\n',
  'lower-case version': 'GET / http/1.1\r\nHost: a\r\n\r\n',
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'two Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'two equal Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n',
  'a Host with a path': 'GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n',
  'a Host with a port': 'GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n',
  'an absolute target': 'GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n',
  'an absolute target with a query': 'GET HTTPS://b:8000/x?y=http://c/ HTTP/1.1\r\nHost: a\r\n\r\n',
  'an absolute target without a path': 'GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n',
  'an authority target': 'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n',
  'a relative target': 'GET x HTTP/1.1\r\nHost: a\r\n\r\n',
  'a space in the target': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a tab in the target': 'GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n',
  'a NUL in the target': 'GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n',
  'two spaces before the target': 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
  'two spaces before the version': 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n',
  'a space before the method': ' GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'a blank line before the request': `\r\n${G}\r\n`,
  'bare LF line ends': 'GET / HTTP/1.1\nHost: a\n\n',
  'a bare LF in the header block': `GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n`,
  'a bare CR in a value': `${G}X-A: b\rX-B: c\r\n\r\n`,
  "a bare CR at the head's end": `${G}\r\r\n`,
  'LF CR LF': `${G}X: y\n\r\n`,
  'a NUL in a value': `${G}X-A: b\0c\r\n\r\n`,
  'DEL in a value': `${G}X-A: b\x7fc\r\n\r\n`,
  'latin-1 in a value': `${G}X-A: caf\xe9\r\n\r\n`,
  'UTF-8 in a value': `${G}X-A: caf\xc3\xa9\r\n\r\n`,
  'a control character in a name': `${G}X\x01A: b\r\n\r\n`,
  'a space before the colon': `${G}X-A : b\r\n\r\n`,
  "a space before Content-Length's colon": `${P}Content-Length : 5\r\n\r\nhello${NEXT}`,
  'a tab before the colon': `${G}X-A\t: b\r\n\r\n`,
  'no colon': `${G}nonsense\r\n\r\n`,
  'an empty name': `${G}: b\r\n\r\n`,
  'no space after the colon': `${G}X-A:b\r\n\r\n`,
  'spaces around a value': `${G}X-A:   b  \t \r\n\r\n`,
  'a tab within a value': `${G}X-A: b\tc\r\n\r\n`,
  'an empty value': `${G}X-A:\r\n\r\n`,
  'odd token characters in a name': `${G}X!#$%&'*+.^_\`|~9: b\r\n\r\n`,
  '__proto__ and constructor': `${G}__proto__: x\r\nconstructor: y\r\n\r\n`,
  'an obsolete fold': `${G}X-A: b\r\n c\r\n\r\n`,
  'a fold in the first header': 'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
  'repeated fields': `${G}Accept: a\r\nAccept: b\r\n\r\n`,
  'repeated Authorization': `${G}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`,
  'repeated Cookie': `${G}Cookie: a=1\r\nCookie: b=2\r\n\r\n`,
  'Set-Cookie in a request': `${G}Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n`,
  'equal lengths twice': `${P}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
  'different lengths': `${P}Content-Length: 5\r\nContent-Length: ${5 + SMUGGLED.length}\r\n\r\nhello${SMUGGLED}`,
  'a list of lengths': `${P}Content-Length: 5, 5\r\n\r\nhello`,
  'a length with a sign': `${P}Content-Length: +5\r\n\r\nhello`,
  'a negative length': `${P}Content-Length: -5\r\n\r\nhello`,
  'a length with leading zeros': `${P}Content-Length: 0005\r\n\r\nhello${NEXT}`,
  'a hexadecimal length': `${P}Content-Length: 0x5\r\n\r\nhello`,
  'a fractional length': `${P}Content-Length: 5.0\r\n\r\nhello`,
  'a length with trailing junk': `${P}Content-Length: 5 5\r\n\r\nhello`,
  'an empty length': `${P}Content-Length:\r\n\r\nhello`,
  'a length over 2^64': `${P}Content-Length: 18446744073709551621\r\n\r\nhello${NEXT}`,
  'a length over 2^53': `${P}Content-Length: 9007199254740993\r\n\r\nhello`,
  'a length over the limit': `${P}Content-Length: ${MAX_BODY + 1}\r\n\r\n${'x'.repeat(MAX_BODY + 1)}`,
  "a body between the lanes' limits": `${P}Content-Length: 80000\r\n\r\n${'x'.repeat(80_000)}${NEXT}`,
  'length and chunks': `${P}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX${SMUGGLED}`,
  'chunks and length': `${P}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX${SMUGGLED}`,
  chunks: `${P}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${NEXT}`,
  'chunks with a trailer': `${P}Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n${NEXT}`,
  'chunks over the limit': `${P}Transfer-Encoding: chunked\r\n\r\n${'1000\r\n'.concat('x'.repeat(4096), '\r\n').repeat(30)}0\r\n\r\n`,
  'a bad chunk size': `${P}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n`,
  'a huge chunk size': `${P}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n`,
  'a chunk size with a space': `${P}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n${NEXT}`,
  'chunk line ends that are bare LF': `${P}Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n${NEXT}`,
  'Transfer-Encoding in odd case': `${P}transfer-ENCODING: ChUnKeD\r\n\r\n5\r\nhello\r\n0\r\n\r\n${NEXT}`,
  'Transfer-Encoding with a space before the colon': `${P}Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding: xchunked': `${P}Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'Transfer-Encoding: identity': `${P}Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello`,
  'Transfer-Encoding: gzip, chunked': `${P}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'Transfer-Encoding: chunked, identity': `${P}Transfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'Transfer-Encoding twice': `${P}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'Transfer-Encoding behind a tab': `${P}Transfer-Encoding:\tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'Transfer-Encoding with a vertical tab': `${P}Transfer-Encoding:\x0bchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  Transfer_Encoding: `${P}Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
  'Expect: 100-continue': `${P}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
  'another expectation': `${P}Expect: the-unexpected\r\nContent-Length: 5\r\n\r\nhello`,
  'an upgrade to h2c': `${G}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  'an upgrade to WebSocket that nobody serves': `${G}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  'a large header block': `${G}X-A: ${'a'.repeat(20_000)}\r\n\r\n`,
  'a header block over the limit': `${G}X-A: ${'a'.repeat(40_000)}\r\n\r\n`,
  'a target over the limit': `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  'two hundred headers': `${G}${Array.from({ length: 200 }, (_, i) => `X-${i}: ${i}\r\n`).join('')}\r\n`,
  'TLS on a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefgh\r\n\r\n',
  'binary noise': '\x00\xff\x80\x01\r\n\r\n\r\n',
};

describe('the two lanes', { concurrency: 8 }, () => {
  let fast: HttpServer;
  let plain: HttpServer;
  const extra: HttpServer[] = [];
  const options = { maxBodyBytes: MAX_BODY };

  before(async () => {
    fast = await serveHttp(echo, { ...options, fastLane: true });
    plain = await serveHttp(echo, { ...options, fastLane: false });
  });
  after(async () => {
    await Promise.all([fast, plain, ...extra].map(server => server.close(0)));
  });

  async function compare(name: string, pieces: readonly (string | Buffer)[]): Promise<void> {
    // On a busy machine an answer may only have been slow: a difference, or half an answer, counts when it stays.
    for (const quietMs of [80, 1500]) {
      const [a, b] = await ask(pieces, quietMs);
      if (isWhole(a!) && isWhole(b!) && isDeepStrictEqual(parsed(a!), parsed(b!))) return;
    }
    const [a, b] = await ask(pieces, 10_000);
    assert.deepEqual(parsed(a!), parsed(b!), name);
  }

  const ask = (pieces: readonly (string | Buffer)[], quietMs: number): Promise<RawAnswer[]> =>
    Promise.all([fast, plain].map(({ port }) => sendRaw(port, pieces, { quietMs })));
  const parsed = ({ text, closed }: RawAnswer) => ({ responses: parseResponses(text), closed });

  for (const [name, bytes] of Object.entries(CORPUS)) {
    it(`answer alike: ${name}`, { timeout: TIMEOUT_MS }, () => compare(name, [bytes]));
  }

  it('answer alike when handlers answer at once, in any pieces', {
    timeout: TIMEOUT_MS + FUZZ_RUNS * 50,
  }, async () => {
    const handler: Handler = ({ method, target, headers }) => jsonResponse(200, { method, target, headers });
    const [a, b] = await Promise.all([
      serveHttp(handler, { ...options, fastLane: true }),
      serveHttp(handler, { ...options, fastLane: false }),
    ]);
    extra.push(a, b);
    const random = seededRandom(7);
    const last = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const bytes = `${G}\r\n${P}Content-Length: 40\r\n\r\n${'x'.repeat(40)}${NEXT}${P}Content-Length: 3\r\n\r\nabc${NEXT}${last}`;
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const pieces = cut(bytes, 2 + Math.floor(random() * 10), random);
        const answers = await Promise.all([a, b].map(server => sendRaw(server.port, pieces)));
        const [fromA, fromB] = answers.map(({ text }) => parseResponses(text));
        assert.deepEqual(fromA, fromB, JSON.stringify(pieces));
        assert.equal(fromA?.length, 6);
      }),
    );
  });

  it('answer alike when the bytes arrive in any pieces', {
    timeout: TIMEOUT_MS + FUZZ_RUNS * 50,
  }, async () => {
    const random = seededRandom(FUZZ_SEED + 1);
    const small = Object.entries(CORPUS).filter(([, bytes]) => bytes.length < 2000);
    const runs = Array.from({ length: FUZZ_RUNS }, () => {
      const [name, bytes] = small[Math.floor(random() * small.length)]!;
      return { name, pieces: cut(bytes, 1 + Math.floor(random() * 12), random) };
    });
    for (let i = 0; i < runs.length; i += 40) {
      await Promise.all(
        runs
          .slice(i, i + 40)
          .map(({ name, pieces }) => compare(`${name} as ${JSON.stringify(pieces)}`, pieces)),
      );
    }
  });

  it('answer alike to damaged requests', { timeout: TIMEOUT_MS + FUZZ_RUNS * 50 }, async () => {
    const random = seededRandom(FUZZ_SEED);
    const seeds = Object.values(CORPUS).filter(bytes => bytes.length < 400);
    const damaged = Array.from({ length: FUZZ_RUNS }, () =>
      damage(seeds[Math.floor(random() * seeds.length)]!, random),
    );
    for (let i = 0; i < damaged.length; i += 40) {
      await Promise.all(damaged.slice(i, i + 40).map(bytes => compare(JSON.stringify(bytes), [bytes])));
    }
  });

  it('take an absolute target for its path and query, and its host for the Host', async () => {
    for (const [target, expected] of [
      ['http://b/rest/v1/t?select=*', ['/rest/v1/t?select=*', '/rest/v1/t', 'select=*', 'b']],
      ['HTTP://b:8000/x?y=http://c/', ['/x?y=http://c/', '/x', 'y=http://c/', 'b:8000']],
      ['https://[::1]:80?y', ['/?y', '/', 'y', '[::1]:80']],
      ['http://b', ['/', '/', '', 'b']],
      ['/http://b/x', ['/http://b/x', '/http://b/x', '', 'a']],
    ] as const) {
      for (const server of [fast, plain]) {
        const bytes = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
        const { text } = await sendRaw(server.port, [bytes]);
        const seen = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
        assert.deepEqual([seen.target, seen.path, seen.query, seen.headers.host], expected);
      }
    }
  });

  it('differ in one thing: the fast lane takes targets that are not ASCII, and encodes them', async () => {
    const target = Buffer.from('/Zoë?name=eq.日本').toString('latin1');
    const expected = '"target":"/Zo%C3%AB?name=eq.%E6%97%A5%E6%9C%AC"';
    const last = 'Host: a\r\nConnection: close\r\n';
    for (const rest of [
      '\r\n',
      'Content-Length: 2\r\n\r\nab',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
      `Content-Length: 90000\r\n\r\n${'x'.repeat(90_000)}`,
    ]) {
      const request = `POST ${target} HTTP/1.1\r\n${last}${rest}`;
      const { text } = await sendRaw(fast.port, [request]);
      assert.ok(text.includes(expected), text);
      assert.match((await sendRaw(plain.port, [request])).text, /^HTTP\/1\.1 400 /);
    }
  });

  it('never serve a smuggled request', { timeout: TIMEOUT_MS }, async () => {
    for (const [name, bytes] of Object.entries(CORPUS)) {
      if (!bytes.includes('/smuggled') || name === 'a HEAD with a body') continue;
      const answers = parseResponses((await sendRaw(fast.port, [bytes], { quietMs: 200 })).text);
      assert.ok(!answers.some(answer => answer.body.includes('"target":"/smuggled"')), name);
    }
  });
});

function cut(bytes: string, pieces: number, random: () => number): string[] {
  const at = Array.from({ length: pieces - 1 }, () => Math.floor(random() * bytes.length)).sort(
    (a, b) => a - b,
  );
  return [0, ...at]
    .map((start, i) => bytes.slice(start, at[i] ?? bytes.length))
    .filter(piece => piece !== '');
}

const NOISE = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  '\x0b',
  ',',
  '0',
  '\x7f',
  'Host: b\r\n',
  'Content-Length: 1\r\n',
  ';',
];

function damage(bytes: string, random: () => number): string {
  let result = bytes;
  for (let i = 0; i <= Math.floor(random() * 3); i++) {
    const at = Math.floor(random() * result.length);
    const noise = NOISE[Math.floor(random() * NOISE.length)]!;
    result =
      random() < 0.3
        ? result.slice(0, at) + result.slice(at + 1)
        : result.slice(0, at) + noise + result.slice(at);
  }
  return result;
}
