/** Pictures in the stack: of its own object storage, with its own settings, without a network between. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { imgUrl } from '@peakstone/images/url';
import type { HttpRequest } from '@peakstone/kernel/http';
import sharp from 'sharp';
import { start } from '../src/services/images/run.ts';
import type { Peer, RunContext, RunningService } from '../src/services/local.ts';

const key = '11'.repeat(32);
const salt = '22'.repeat(16);

const storage: Peer = {
  name: 'storage',
  title: 'Object storage',
  contract: 'S3, as MinIO serves it',
  paths: ['/storage'],
  route: undefined,
  domain: undefined,
  scheme: 'http',
  front: false,
  essential: false,
  engine: { kind: 'peakstone' },
};

describe('the image service of the stack', () => {
  const asked: HttpRequest[] = [];
  let service: RunningService;
  before(async () => {
    const picture = await sharp({ create: { width: 60, height: 40, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const handler = (request: HttpRequest) => {
      asked.push(request);
      return request.path === '/uploads/a%20cat.png'
        ? { status: 200, headers: ['Content-Type', 'image/png', 'ETag', '"one"'], body: picture }
        : { status: 404, headers: [], body: null };
    };
    const context: RunContext = {
      env: {
        IMGPROXY_KEY_HEX: key,
        IMGPROXY_SALT_HEX: salt,
        S3_APP_SECRET_KEY: 'secret',
        IMGPROXY_BIND: '127.0.0.1:0',
        IMGPROXY_S3_ORIGINS: 'http://minio:9000',
        IMGPROXY_ALLOWED_SOURCES: 's3://uploads/,http://minio:9000/uploads/',
      },
      host: '127.0.0.1',
      ports: { storage: 9 },
      peers: [storage],
      facts: {},
      reach: () => ({ current: () => handler, expected: () => null }),
      log: { write: () => undefined },
      health: async () => ({ ok: true }),
      step: () => undefined,
      crashed: () => undefined,
    };
    service = await start(context, new AbortController().signal);
  });
  after(() => service.stop());

  const get = async (source: string): Promise<{ readonly status: number; readonly body: unknown }> => {
    const target = imgUrl(source, 'w:30', { key, salt });
    const request: HttpRequest = {
      method: 'GET',
      target,
      path: target,
      query: '',
      headers: {},
      remoteAddress: '',
      body: async () => Buffer.alloc(0),
      hold: () => undefined,
      stream: () => {
        throw new Error('there is no body');
      },
      onAborted: () => undefined,
    };
    return await service.handler!(request);
  };

  it('draws objects of its buckets, named as s3://, by the base alone, or by the storage’s address', async () => {
    for (const source of ['s3://uploads/a cat.png', 'a cat.png', 'http://minio:9000/uploads/a%20cat.png']) {
      asked.length = 0;
      const { status, body } = await get(source);
      if (source.startsWith('http')) {
        // What the base is put before is no such address.
        assert.equal(status, 404);
        continue;
      }
      assert.equal(status, 200, source);
      assert.equal((await sharp(body as Buffer).metadata()).width, 30);
      assert.match(asked[0]?.headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=psappaccess\//);
    }
  });

  it('draws nothing that is not there, or not allowed', async () => {
    assert.equal((await get('s3://uploads/none.png')).status, 404);
    assert.equal((await get('s3://other/a.png')).status, 404);
  });
});
