/** Pictures in the stack: of its own object storage, with its own settings. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { imgUrl } from '@peakstone/images/url';
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { sign } from '@peakstone/kernel/sigv4';
import { reservePorts } from '@peakstone/testing';
import sharp from 'sharp';
import type { EnvValues } from '../src/project/envFile.ts';
import { start } from '../src/services/images/run.ts';
import type { Peer, Reachable, RunContext } from '../src/services/local.ts';
import { start as startStorage } from '../src/services/storage/run.ts';

const key = '11'.repeat(32);
const salt = '22'.repeat(16);
const env = {
  IMGPROXY_KEY_HEX: key,
  IMGPROXY_SALT_HEX: salt,
  IMGPROXY_BIND: '127.0.0.1:0',
  S3_APP_ACCESS_KEY: 'psappaccess',
  S3_APP_SECRET_KEY: 'app-secret-1234',
};
const picture = sharp({ create: { width: 60, height: 40, channels: 3, background: 'red' } })
  .png()
  .toBuffer();

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

const contextOf = (settings: EnvValues, reachable: Reachable, port = 9): RunContext => ({
  env: { ...env, ...settings },
  host: '127.0.0.1',
  ports: { storage: port },
  peers: [storage],
  facts: {},
  reach: () => reachable,
  log: { write: () => undefined },
  health: async () => ({ ok: true }),
  step: () => undefined,
  crashed: () => undefined,
});

type Ask = (source: string) => Promise<HttpResponse>;

/** Starts the service before a storage, asks, and stops it. */
async function withImages(
  settings: EnvValues,
  reachable: Reachable,
  use: (ask: Ask) => Promise<void>,
): Promise<void> {
  const service = await start(contextOf(settings, reachable), new AbortController().signal);
  try {
    await use(async source => await service.handler!(requestOf(imgUrl(source, 'w:30', { key, salt }))));
  } finally {
    await service.stop();
  }
}

const requestOf = (target: string): HttpRequest => ({
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
});

const widthOf = async ({ body }: HttpResponse): Promise<number> =>
  (await sharp(body as Buffer).metadata()).width;

describe('the image service of the stack', () => {
  it('asks a storage of its own process without a network, as the user of the bucket', async () => {
    const asked: HttpRequest[] = [];
    const handler = async (request: HttpRequest): Promise<HttpResponse> => {
      asked.push(request);
      return request.path === '/uploads/a%20cat.png'
        ? { status: 200, headers: ['Content-Type', 'image/png', 'ETag', '"one"'], body: await picture }
        : { status: 404, headers: [], body: null };
    };
    await withImages({}, { current: () => handler, expected: () => null, upgrade: () => null }, async ask => {
      for (const source of ['s3://uploads/a cat.png', 'a cat.png'])
        assert.equal(await widthOf(await ask(source)), 30);
      assert.match(asked[0]?.headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=psappaccess\//);
      assert.equal((await ask('none.png')).status, 404);
      assert.equal((await ask('../other/a.png')).status, 404);
      assert.equal(asked.length, 3);
    });
  });

  it('draws what was uploaded to the storage, named as s3:// or by one of its addresses', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-images-storage-'));
    const port = await reservePorts();
    const settings = {
      PEAKSTONE_STORAGE_DIR: path.join(folder, 'store'),
      MINIO_ROOT_USER: 'rootuser',
      MINIO_ROOT_PASS: 'root-secret-1234',
    };
    const store = await startStorage(contextOf(settings, '', port), new AbortController().signal);
    const origin = `http://127.0.0.1:${port}`;
    try {
      await upload(`${origin}/uploads/a%20cat.png`, await picture);
      const addresses = {
        IMGPROXY_BASE_URL: '',
        IMGPROXY_S3_ORIGINS: 'http://minio:9000',
        IMGPROXY_ALLOWED_SOURCES: 's3://uploads/,http://minio:9000/uploads/',
      };
      await withImages(addresses, origin, async ask => {
        for (const source of ['s3://uploads/a cat.png', 'http://minio:9000/uploads/a%20cat.png'])
          assert.equal(await widthOf(await ask(source)), 30, source);
        assert.equal((await ask('http://minio:9000/other/a.png')).status, 404);
      });
    } finally {
      await store.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

async function upload(address: string, body: Buffer): Promise<void> {
  const url = new URL(address);
  const digest = createHash('sha256').update(body).digest('hex');
  const signer = { region: 'us-east-1', accessKey: env.S3_APP_ACCESS_KEY, secretKey: env.S3_APP_SECRET_KEY };
  const headers = sign(signer, 'PUT', url, { 'x-amz-content-sha256': digest }, digest, new Date());
  const response = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) });
  assert.equal(response.status, 200, await response.text());
}
