/** Headers, conditions, fallbacks and settings, over real sockets. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { gradient, startServer, type TestServer } from './server.ts';

/** Starts a service with settings, asks, and stops it. */
async function withServer(
  settings: Readonly<Record<string, string>>,
  ask: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startServer({ IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'true', ...settings });
  try {
    await ask(server);
  } finally {
    await server.stop();
  }
}

describe('an answer', () => {
  let origin: Server;
  let url: string;
  let picture: Buffer;
  let answer: { status: number; headers: Readonly<Record<string, string>> } = { status: 200, headers: {} };
  let asked: IncomingHttpHeaders = {};
  before(async () => {
    picture = await gradient(40, 30).png().toBuffer();
    origin = createServer((request, response) => {
      asked = request.headers;
      response.writeHead(answer.status, answer.headers).end(answer.status === 200 ? picture : undefined);
    });
    await new Promise<void>(resolve => origin.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/a.png`;
  });
  after(() => {
    origin.close();
    origin.closeAllConnections();
  });
  const get = async (server: TestServer, options = 'w:20', init?: RequestInit): Promise<Response> => {
    const response = await server.get(`/_/${options}/plain/${url}`, init);
    await response.arrayBuffer();
    return response;
  };

  it('has the source’s tag and time, and asks the source whether they still hold', async () => {
    answer = { status: 200, headers: { etag: '"t"', 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' } };
    await withServer({}, async server => {
      const first = await get(server);
      assert.equal(first.headers.get('etag'), '"t"');
      assert.equal(first.headers.get('last-modified'), 'Wed, 21 Oct 2015 07:28:00 GMT');
      answer = { status: 304, headers: { etag: '"t"' } };
      assert.equal((await get(server, 'w:20', { headers: { 'if-none-match': '"t"' } })).status, 304);
      assert.equal(asked['if-none-match'], '"t"');
    });
  });

  it('has a tag with the buster in it, and one of another buster is out of date', async () => {
    answer = { status: 200, headers: { etag: '"t"', 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' } };
    const settings = { IMGPROXY_ETAG_BUSTER: 'b', IMGPROXY_LAST_MODIFIED_BUSTER: '2020-01-01T00:00:00Z' };
    await withServer(settings, async server => {
      const first = await get(server);
      assert.equal(first.headers.get('etag'), `"b/${Buffer.from('"t"').toString('base64url')}"`);
      assert.equal(first.headers.get('last-modified'), 'Wed, 01 Jan 2020 00:00:00 GMT');
      await get(server, 'w:20', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
      assert.equal(asked['if-none-match'], '"t"');
      await get(server, 'w:20', {
        headers: { 'if-none-match': '"c/x"', 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' },
      });
      assert.equal(asked['if-none-match'] ?? asked['if-modified-since'], undefined);
    });
  });

  it('holds as long as the settings, the source or the URL say', async () => {
    answer = { status: 200, headers: { 'cache-control': 'max-age=7' } };
    await withServer({ IMGPROXY_TTL: '100' }, async server => {
      assert.equal((await get(server)).headers.get('cache-control'), 'max-age=100, public');
      const soon = Math.floor(Date.now() / 1000) + 50;
      assert.match(
        (await get(server, `exp:${soon}`)).headers.get('cache-control') ?? '',
        /^max-age=[345]\d, public$/,
      );
      assert.equal((await get(server, 'exp:1000')).status, 404);
    });
    await withServer({ IMGPROXY_CACHE_CONTROL_PASSTHROUGH: 'true' }, async server => {
      assert.equal((await get(server)).headers.get('cache-control'), 'max-age=7');
    });
  });

  it('is the fallback image where the source cannot be had, with its status and time', async () => {
    answer = { status: 503, headers: {} };
    const data = (
      await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
        .png()
        .toBuffer()
    ).toString('base64');
    await withServer(
      { IMGPROXY_FALLBACK_IMAGE_DATA: data, IMGPROXY_FALLBACK_IMAGE_TTL: '9' },
      async server => {
        const response = await get(server);
        assert.deepEqual(
          [response.status, response.headers.get('cache-control')],
          [200, 'max-age=9, public'],
        );
      },
    );
    await withServer(
      { IMGPROXY_FALLBACK_IMAGE_DATA: data, IMGPROXY_FALLBACK_IMAGE_HTTP_CODE: '0' },
      async server => {
        assert.equal((await get(server)).status, 502);
      },
    );
  });

  it('says that the source is unreachable by the source’s own status, or 502', async () => {
    await withServer({}, async server => {
      for (const [status, expected] of [
        [404, 404],
        [410, 410],
        [500, 502],
        [204, 404],
      ] as const) {
        answer = { status, headers: {} };
        assert.equal((await get(server)).status, expected, String(status));
      }
    });
  });
});

describe('a request', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      IMGPROXY_AUTO_WEBP: 'true',
      IMGPROXY_ENFORCE_AVIF: 'true',
      IMGPROXY_CLIENT_HINTS: 'true',
      IMGPROXY_ENABLE_DEBUG_HEADERS: 'true',
      IMGPROXY_SKIP_PROCESSING_FORMATS: 'png',
    });
    server.put('a "b" ü.jpg', await gradient(60, 40).jpeg().toBuffer());
    server.put(
      'drawing.svg',
      '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="30"><script>1</script></svg>',
    );
  });
  after(() => server.stop());
  const typeOf = async (path: string, accept: string): Promise<string | null> => {
    const response = await server.get(path, { headers: { accept } });
    await response.arrayBuffer();
    return response.headers.get('content-type');
  };

  it('is answered in a format that it takes, enforced over the one that it asks for', async () => {
    assert.equal(await typeOf('/_/w:90/plain/local:///photo.jpg', 'image/webp'), 'image/webp');
    assert.equal(await typeOf('/_/w:90/plain/local:///photo.jpg@jpg', 'image/webp'), 'image/jpeg');
    assert.equal(await typeOf('/_/w:90/plain/local:///photo.jpg@jpg', 'image/avif;q=0'), 'image/avif');
    assert.equal(await typeOf('/_/w:9/plain/local:///photo.jpg', 'image/avif'), 'image/jpeg');
    assert.equal(await typeOf('/_/w:90/plain/local:///drawing.svg', 'image/webp'), 'image/svg+xml');
  });

  it('with hints is drawn at the client’s width and density', async () => {
    const response = await server.get('/_/plain/local:///photo.jpg', {
      headers: { 'sec-ch-width': '100', 'sec-ch-dpr': '2' },
    });
    await response.arrayBuffer();
    assert.equal(response.headers.get('x-result-width'), '100');
    assert.equal(response.headers.get('vary'), 'Accept, Sec-CH-DPR, DPR, Sec-CH-Width, Width');
  });

  it('with hints is drawn as by imgproxy 3 or 4, whose words the settings are in', async () => {
    const hinted = async (settings: Readonly<Record<string, string>>): Promise<string | null> => {
      let vary: string | null = null;
      await withServer({ IMGPROXY_ENABLE_CLIENT_HINTS: 'true', ...settings }, async of => {
        const response = await of.get('/_/w:9/plain/local:///small.png', { headers: { width: '30' } });
        await response.arrayBuffer();
        vary = response.headers.get('vary');
      });
      return vary;
    };
    assert.equal(await hinted({ IMGPROXY_AUTO_WEBP: 'true' }), 'Accept');
    assert.match((await hinted({ IMGPROXY_ENABLE_WEBP_DETECTION: 'true' })) ?? '', /Accept, Sec-CH-DPR/);
    assert.match((await hinted({})) ?? '', /^Sec-CH-DPR/);
  });

  it('for a format that is skipped gets the source, and for an SVG one that runs nothing', async () => {
    const source = Buffer.from(await (await server.get('/_/raw:1/plain/local:///small.png')).arrayBuffer());
    const skipped = Buffer.from(await (await server.get('/_/w:9/plain/local:///small.png')).arrayBuffer());
    assert.ok(source.equals(skipped));
    assert.equal(
      await (await server.get('/_/plain/local:///drawing.svg')).text(),
      '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="30"/>',
    );
  });

  it('names its file in the bytes of UTF-8, as the source or the URL does', async () => {
    const named = await server.get(`/_/w:9/plain/${encodeURIComponent('local:///a "b" ü.jpg')}`);
    assert.equal(
      Buffer.from(named.headers.get('content-disposition') ?? '', 'latin1').toString(),
      'inline; filename="a %22b%22 ü.jpg"',
    );
    const other = await server.get(
      `/_/fn:${Buffer.from('x/y').toString('base64url')}:1/att:1/plain/local:///photo.jpg@webp`,
    );
    assert.equal(other.headers.get('content-disposition'), 'attachment; filename="x/y.webp"');
  });

  it('for the source as it is may ask for a part of it', async () => {
    const part = await server.get('/_/raw:1/plain/local:///photo.jpg', { headers: { range: 'bytes=0-9' } });
    assert.deepEqual([part.status, (await part.arrayBuffer()).byteLength], [206, 10]);
    assert.match(part.headers.get('content-range') ?? '', /^bytes 0-9\/\d+$/);
  });

  it('has its id in the answer when it can be shown', async () => {
    const id = async (given: string): Promise<string | null> =>
      (await server.get('/health', { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    assert.equal(await id('abc_1-2'), 'abc_1-2');
    assert.notEqual(await id('a b'), 'a b');
  });
});

describe('the settings', () => {
  it('want a secret of whoever asks, and name the origins that may read the answer', async () => {
    await withServer({ IMGPROXY_SECRET: 's', IMGPROXY_ALLOW_ORIGIN: '*' }, async server => {
      assert.equal((await server.get('/_/w:9/plain/local:///photo.jpg')).status, 403);
      const right = await server.get('/_/w:9/plain/local:///photo.jpg', {
        headers: { authorization: 'Bearer s' },
      });
      assert.deepEqual([right.status, right.headers.get('access-control-allow-origin')], [200, '*']);
    });
  });

  it('make a request beyond the queue wait for nothing: 429', async () => {
    await withServer(
      { IMGPROXY_WORKERS: '1', IMGPROXY_REQUESTS_QUEUE_SIZE: '1', IMGPROXY_TIMEOUT: '120' },
      async server => {
        const asks = Array.from({ length: 8 }, (_, i) =>
          server.get(`/_/cb:${i}/w:600/f:avif/plain/local:///photo.jpg`),
        );
        const statuses = (await Promise.all(asks)).map(({ status }) => status);
        assert.ok(statuses.includes(200) && statuses.includes(429), statuses.join());
      },
    );
  });

  it('show all that is known of an error to developers, in text and as a page', async () => {
    await withServer({ IMGPROXY_DEVELOPMENT_ERRORS_MODE: 'true' }, async server => {
      assert.match(
        await (await server.get('/_/w:x/plain/a')).text(),
        /^Invalid width: x \(expected positive number or 0\)\n/,
      );
      const page = await server.get('/_/w:%3Cb%3E/plain/a', { headers: { accept: 'text/html' } });
      assert.match(await page.text(), /^<!doctype html>/);
    });
  });

  it('put the service below a path, and metrics on a port of their own', async () => {
    await withServer(
      { IMGPROXY_PATH_PREFIX: '/pix/', IMGPROXY_PROMETHEUS_NAMESPACE: 'img' },
      async server => {
        assert.equal((await server.get('/pix/_/w:9/plain/local:///photo.jpg')).status, 200);
        assert.equal((await server.get('/_/w:9/plain/local:///photo.jpg')).status, 404);
        assert.equal((await server.get('/pix/health')).status, 200);
      },
    );
  });

  it('that are wrong stop the start by their names', async () => {
    for (const [name, value] of [
      ['IMGPROXY_QUALITY', '101'],
      ['IMGPROXY_KEY', 'xyz'],
      ['IMGPROXY_KEY', 'aa'],
      ['IMGPROXY_PRESETS', 'a=nosuch:1'],
      ['IMGPROXY_BIND', 'nowhere'],
      ['IMGPROXY_WATERMARK_PATH', '/nowhere.png'],
      ['IMGPROXY_AUTO_WEBP', 'yes'],
    ] as const)
      await assert.rejects(startServer({ [name]: value }), { name: 'ConfigError' }, name);
  });
});
