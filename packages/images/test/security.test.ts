/** What strangers may try: addresses, bodies, files that are not what they say, and pictures larger than any memory. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { until } from '@peakstone/testing';
import sharp from 'sharp';
import type { Lookup } from '../src/source/http.ts';
import { gradient, startServer, type TestServer } from './server.ts';

interface Origin {
  readonly url: string;
  readonly port: number;
  stop(): void;
}

async function startOrigin(answer: RequestListener): Promise<Origin> {
  const server: Server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe('a source’s address', () => {
  let server: TestServer;
  let origin: Origin;
  /** What the names lead to, one after the other. */
  const answers: string[] = [];
  const looked: string[] = [];
  before(async () => {
    origin = await startOrigin((request, response) => {
      response
        .writeHead(302, { location: request.url === '/inside' ? 'http://169.254.169.254/x' : '/inside' })
        .end();
    });
    const lookup = ((name: string, _: object, callback: (error: null, found: LookupAddress[]) => void) => {
      looked.push(name);
      callback(null, [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]);
    }) as unknown as Lookup;
    server = await startServer({ IMGPROXY_ALLOW_PRIVATE_SOURCE_ADDRESSES: 'false' }, { lookup });
  });
  after(async () => {
    await server.stop();
    origin.stop();
  });
  const refused = async (source: string): Promise<string> => {
    const response = await server.get(`/_/w:10/plain/${encodeURIComponent(source)}`);
    assert.equal(response.status, 404, source);
    return await response.text();
  };

  it('on this machine or in networks behind it is refused, however it is written', async () => {
    for (const host of [
      '127.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '10.0.0.1',
      '169.254.169.254',
      '0.0.0.0',
      '100.64.0.1',
    ])
      assert.equal(await refused(`http://${host}:${origin.port}/a.png`), 'Invalid source URL', host);
    for (const host of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1'])
      assert.match(
        await refused(`http://${host}:${origin.port}/a.png`),
        /Source is unreachable|Invalid source URL/,
        host,
      );
  });

  it('is what its name leads to when the connection is made', async () => {
    answers.push('10.1.2.3');
    assert.equal(await refused('http://rebound.test/a.png'), 'Invalid source URL');
    assert.ok(looked.includes('rebound.test'));
  });

  it('of another scheme than those that are read is nobody’s', async () => {
    for (const source of [
      'file:///etc/passwd',
      'gopher://127.0.0.1/',
      'ftp://127.0.0.1/a.png',
      'data:image/png,x',
      's3://bucket/a.png',
      'a.png',
    ])
      assert.equal(await refused(source), 'Source is unreachable', source);
  });
});

describe('a source that is allowed', () => {
  let server: TestServer;
  let origin: Origin;
  let small: Buffer;
  let packed: Buffer;
  let hasty: TestServer;
  const routes: Record<string, RequestListener> = {
    '/away': (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    '/round': (_, response) => void response.writeHead(302, { location: '/round' }).end(),
    '/endless': (_, response) => {
      response.writeHead(200, { 'content-type': 'image/png' });
      response.write(small.subarray(0, 64));
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    },
    '/bomb.gz': (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(packed);
    },
    '/silent': (_, response) => void response.writeHead(200).write(small.subarray(0, 30)),
    '/lies.png': (_, response) =>
      void response.writeHead(200, { 'content-type': 'image/png' }).end('<html>not a picture</html>'),
    '/lies.html': (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(small),
    '/short': (_, response) => {
      response.writeHead(200, { 'content-length': small.length * 2 });
      response.write(small, () => response.destroy());
    },
  };
  before(async () => {
    small = await gradient(40, 30).png().toBuffer();
    packed = gzipSync(Buffer.concat([small, Buffer.alloc(64 * 1024 * 1024)]));
    origin = await startOrigin((request, response) => {
      const route = routes[request.url ?? ''];
      if (route === undefined) response.writeHead(404).end();
      else route(request, response);
    });
    const settings = {
      IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'true',
      IMGPROXY_MAX_SRC_FILE_SIZE: '1000000',
    };
    const patient = { IMGPROXY_DOWNLOAD_TIMEOUT: '120', IMGPROXY_TIMEOUT: '120' };
    server = await startServer({ ...settings, ...patient });
    hasty = await startServer({ ...settings, IMGPROXY_DOWNLOAD_TIMEOUT: '1', IMGPROXY_TIMEOUT: '120' });
  });
  after(async () => {
    await Promise.all([server.stop(), hasty.stop()]);
    origin.stop();
  });
  const ask = async (path: string, of = server): Promise<readonly [number, string]> => {
    const response = await of.get(`/_/w:20/f:png/plain/${origin.url}${path}`);
    const text = await response.text();
    return [response.status, response.ok ? '' : text];
  };

  it('may send nobody to where it may not send them, nor in circles', async () => {
    assert.deepEqual(await ask('/away'), [404, 'Invalid source URL']);
    assert.deepEqual(await ask('/round'), [404, 'Source is unreachable']);
  });

  it('that does not end, is slow, breaks off or unpacks to more than it may is given up', async () => {
    assert.deepEqual(await ask('/endless'), [422, 'Invalid source image']);
    assert.deepEqual(await ask('/bomb.gz'), [422, 'Invalid source image']);
    assert.deepEqual(await ask('/silent', hasty), [504, 'Source is unreachable']);
    assert.deepEqual(await ask('/short'), [422, 'Source response is incomplete']);
  });

  it('is what its bytes are, whatever it says', async () => {
    assert.deepEqual(await ask('/lies.png'), [422, 'Invalid source image']);
    assert.deepEqual(await ask('/lies.html'), [200, '']);
  });
});

describe('a source within its bounds', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      IMGPROXY_ALLOWED_SOURCES:
        'local:///public/,s3://uploads/,http://127.0.0.1:9/uploads/pub/,http://*.example.com/',
      IMGPROXY_USE_S3: 'true',
    });
  });
  after(() => server.stop());

  it('does not lead out of them again', async () => {
    for (const source of [
      'local:///photo.jpg',
      'local:///public/../photo.jpg',
      'local:///public/%2e%2e/photo.jpg',
      's3://uploads/../other/a.png',
      's3://uploads/a/./../../other/a.png',
      // What a store takes for a key, or a parser of the web for something else than it looks like.
      'local:///public/x#/../../photo.jpg',
      'local:///public/x?/../../photo.jpg',
      'http://127.0.0.1:9/uploads/pub/.\t./private/a.png',
      'http://127.0.0.1:9/uploads/pub/.\t./.\n./other/a.png',
      'http://127.0.0.1:9/uploads/pub\\..\\private/a.png',
      'http://127.0.0.1:9\\.example.com/a.png',
      'http://127.0.0.1:9#.example.com/a.png',
      'http://127.0.0.1:9?.example.com/a.png',
    ]) {
      const response = await server.get(`/_/w:9/plain/${encodeURIComponent(source)}`);
      assert.deepEqual([response.status, await response.text()], [404, 'Invalid source URL'], source);
    }
  });
});

describe('an SVG', () => {
  it('shows nothing of this machine’s files, and asks nobody', async () => {
    let asked = 0;
    const origin = await startOrigin((_, response) => {
      asked++;
      response.end();
    });
    const server = await startServer();
    try {
      const links = [
        `file://${server.folder}/photo.jpg`,
        `${server.folder}/photo.jpg`,
        'photo.jpg',
        `${origin.url}/a.png`,
      ];
      const drawn = links.map(link => `<image href="${link}" width="40" height="40"/>`).join('');
      server.put(
        'links.svg',
        `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">${drawn}</svg>`,
      );
      const response = await server.get('/_/plain/local:///links.svg@png');
      assert.equal(response.status, 200);
      const { channels } = await sharp(Buffer.from(await response.arrayBuffer())).stats();
      assert.deepEqual(
        channels.map(({ max }) => max),
        [0, 0, 0, 0],
      );
      assert.equal(asked, 0);
    } finally {
      await server.stop();
      origin.stop();
    }
  });
});

describe('a picture that is larger than it looks', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ IMGPROXY_MAX_SRC_RESOLUTION: '1', IMGPROXY_TIMEOUT: '120' });
    server.put('bomb.png', blankPng(30_000, 30_000));
    const side = 1500;
    const wide = { create: { width: side, height: side, channels: 3, background: 'white' } } as const;
    for (const [name, picture] of [
      ['bomb.jpg', sharp(wide).jpeg()],
      ['bomb.webp', sharp(wide).webp({ effort: 0 })],
      ['bomb.gif', sharp(wide).gif({ effort: 1 })],
      ['bomb.tiff', sharp(wide).tiff({ compression: 'lzw' })],
      ['bomb.avif', sharp(wide).avif({ effort: 0 })],
    ] as const)
      server.put(name, await picture.toBuffer());
    server.put('bomb.bmp', hugeBmp(30_000, 30_000));
    server.put(
      'bomb.svg',
      '<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000"><rect width="9" height="9"/></svg>',
    );
    const entities =
      '<!DOCTYPE svg [<!ENTITY a "lol">' +
      Array.from(
        { length: 20 },
        (_, i) =>
          `<!ENTITY ${'abcdefghijklmnopqrstu'[i + 1]} "${`&${'abcdefghijklmnopqrstu'[i]};`.repeat(10)}">`,
      ).join('') +
      ']>';
    server.put(
      'laughs.svg',
      `${entities}<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text>&u;</text></svg>`,
    );
  });
  after(() => server.stop());

  it('is refused by its header in every format', async () => {
    for (const name of ['png', 'jpg', 'webp', 'gif', 'tiff', 'avif', 'bmp']) {
      const response = await server.get(`/_/w:10/plain/local:///bomb.${name}`);
      assert.deepEqual([response.status, await response.text()], [422, 'Invalid source image'], name);
    }
  });

  it('is drawn down to the limit where it is a vector picture, and refused where it is full of entities', async () => {
    assert.equal((await server.picture('/_/w:10/f:png/plain/local:///bomb.svg')).width, 10);
    assert.equal((await server.get('/_/w:10/f:png/plain/local:///laughs.svg')).status, 422);
  });

  it('than memory is refused before it is drawn, and several that fit one by one are drawn one after the other', async () => {
    const large = await startServer({
      IMGPROXY_MAX_SRC_RESOLUTION: '80',
      IMGPROXY_TIMEOUT: '120',
      IMGPROXY_WORKERS: '4',
    });
    try {
      large.put('runs.bmp', runsBmp(9000, 6000));
      for (const options of ['f:avif', 'rs:force:30000:30000:1/f:bmp']) {
        const response = await large.get(`/_/${options}/plain/local:///runs.bmp`);
        assert.deepEqual([response.status, await response.text()], [422, 'Invalid source image'], options);
      }
      const asked = Array.from({ length: 4 }, (_, i) =>
        large.picture(`/_/rot:90/w:2000/cb:${i}/plain/local:///runs.bmp`),
      );
      for (const { width } of await Promise.all(asked)) assert.equal(width, 2000);
    } finally {
      await large.stop();
    }
  });

  it('by its options ends within the request’s time, and what is asked next is drawn', async () => {
    const hasty = await startServer({ IMGPROXY_TIMEOUT: '3' });
    try {
      const response = await hasty.get('/_/rs:force:60000:60000:1/f:webp/plain/local:///small.png');
      assert.ok([422, 500, 503].includes(response.status), String(response.status));
      await until(async () => (await hasty.get('/_/w:10/plain/local:///small.png')).status === 200);
    } finally {
      await hasty.stop();
    }
  });
});

/** A BMP of 8 bits a pixel, in runs: many pixels of few bytes. */
function runsBmp(width: number, height: number): Buffer {
  const run = Buffer.from([255, 1]);
  const row = Buffer.concat([
    ...Array(Math.floor(width / 255)).fill(run),
    Buffer.from([width % 255, 1, 0, 0]),
  ]);
  const head = hugeBmp(width, height);
  head.writeUInt32LE(54 + 1024, 10);
  head.writeUInt16LE(8, 28);
  head.writeUInt32LE(1, 30);
  return Buffer.concat([head, Buffer.alloc(1024, 80), ...Array(height).fill(row)]);
}

/** A white PNG of a bit a pixel. */
function blankPng(width: number, height: number): Buffer {
  const row = Buffer.alloc(1 + Math.ceil(width / 8), 255);
  row[0] = 0;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([1, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(Array(height).fill(row)), { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A header that promises as many pixels, and none of them. */
function hugeBmp(width: number, height: number): Buffer {
  const file = Buffer.alloc(54);
  file.write('BM', 'latin1');
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}
