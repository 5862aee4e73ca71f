/** What imgproxy OSS does not have. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { HttpRequest } from '@peakstone/kernel/http';
import { until } from '@peakstone/testing';
import sharp from 'sharp';
import { gradient, startServer, type TestServer } from './server.ts';

describe('the best format', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
    server.put(
      'flat.png',
      await sharp({ create: { width: 300, height: 200, channels: 3, background: 'navy' } })
        .png()
        .toBuffer(),
    );
  });
  after(() => server.stop());
  const ask = async (source: string, accept: string): Promise<readonly [string | null, number]> => {
    const response = await server.get(`/_/f:best/w:200/plain/local:///${source}`, { headers: { accept } });
    assert.equal(response.headers.get('vary'), 'Accept');
    return [response.headers.get('content-type'), (await response.arrayBuffer()).byteLength];
  };

  it('is the smallest of those that the client takes', async () => {
    const [plain, bytes] = await ask('photo.jpg', '*/*');
    assert.equal(plain, 'image/jpeg');
    const [modern, fewer] = await ask('photo.jpg', 'image/avif,image/webp,*/*');
    assert.match(modern ?? '', /image\/(?:avif|webp)/);
    assert.ok(fewer < bytes);
  });

  it('of a drawing is one without loss', async () => {
    assert.equal((await ask('flat.png', '*/*'))[0], 'image/png');
  });
});

describe('a chained pipeline', () => {
  it('goes over the result of the pass before it', async () => {
    const server = await startServer();
    try {
      const made = await server.picture(
        '/_/rs:fill:100:100/-/pd:10/-/rs:force:60:30/plain/local:///photo.jpg@png',
      );
      assert.deepEqual([made.width, made.height], [60, 30]);
    } finally {
      await server.stop();
    }
  });
});

describe('/info', () => {
  it('tells what a picture is', async () => {
    const server = await startServer();
    try {
      const info = (await (await server.get('/info/_/plain/local:///photo.jpg')).json()) as Record<
        string,
        unknown
      >;
      const { format, mime, width, height, alpha } = info;
      assert.deepEqual(
        { format, mime, width, height, alpha },
        { format: 'jpeg', mime: 'image/jpeg', width: 640, height: 480, alpha: false },
      );
    } finally {
      await server.stop();
    }
  });
});

describe('the cache', () => {
  let folder: string;
  let server: TestServer;
  const settings = (more: Readonly<Record<string, string>> = {}) => ({
    IMGPROXY_CACHE_PATH: folder,
    IMGPROXY_CACHE_REVALIDATE: '0',
    ...more,
  });
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'peakstone-images-cache-'));
    server = await startServer(settings());
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  const kept = (): string[] => readdirSync(folder).filter(name => !name.includes('.'));

  /** How many pictures the engine has drawn. */
  const drawn = async (): Promise<number> => {
    const { body } = await server.service.metrics({ path: '/metrics' } as HttpRequest);
    return Number(
      /span_duration_seconds_count\{span="processing_image"\} (\d+)/.exec(String(body))?.[1] ?? 0,
    );
  };

  it('gives what was drawn before while the source is the same, and draws anew when it is not', async () => {
    const ask = async (): Promise<string> => {
      const response = await server.get('/_/w:50/f:png/plain/local:///photo.jpg');
      assert.equal(response.status, 200);
      return Buffer.from(await response.arrayBuffer()).toString('base64');
    };
    const first = await ask();
    assert.equal(await drawn(), 1);
    await until(() => kept().length === 1);
    assert.equal(await ask(), first);
    assert.equal(await drawn(), 1);
    server.put('photo.jpg', await gradient(300, 300).blur(9).jpeg().toBuffer());
    assert.notEqual(await ask(), first);
    assert.equal(await drawn(), 2);
  });

  it('answers a client that has the picture already with 304', async () => {
    const first = await server.get('/_/w:51/plain/local:///small.png');
    await first.arrayBuffer();
    const etag = first.headers.get('etag') ?? '';
    await until(() => kept().length >= 2);
    const again = await server.get('/_/w:51/plain/local:///small.png', {
      headers: { 'if-none-match': etag },
    });
    assert.equal(again.status, 304);
  });

  it('takes no more than it may, and outlives a restart; what is broken in it is drawn again', async () => {
    server.put('big.png', await gradient(900, 900).png({ compressionLevel: 0 }).toBuffer());
    const small = await startServer(
      settings({ IMGPROXY_CACHE_MAX_MEGABYTES: '1', IMGPROXY_LOCAL_FILESYSTEM_ROOT: server.folder }),
    );
    try {
      for (let width = 300; width < 312; width++) {
        const response = await small.get(`/_/w:${width}/f:png/plain/local:///big.png`);
        assert.equal(response.status, 200);
        await response.arrayBuffer();
      }
      await until(
        () => kept().reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0) <= 1024 * 1024,
      );
      for (const name of kept()) writeFileSync(path.join(folder, name), 'broken');
      assert.equal((await small.get('/_/w:311/f:png/plain/local:///big.png')).status, 200);
    } finally {
      await small.stop();
    }
  });
});
