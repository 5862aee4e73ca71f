import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readTenants } from '../src/bootstrap/settings.ts';
import { readStorageConfig } from '../src/config.ts';
import { type StorageService, storageService } from '../src/service.ts';
import { type Answer, type Call, callServer } from './support/server.ts';

const env = {
  S3_APP_ACCESS_KEY: 'psappaccess',
  S3_APP_SECRET_KEY: 'app-secret-1',
  LOKI_ACCESS_KEY: 'lokiaccess',
  LOKI_SECRET_KEY: 'loki-secret-1',
};
const app = { accessKey: 'psappaccess', secretKey: 'app-secret-1' };
let folder: string;
let service: StorageService;

async function start(settings: Readonly<Record<string, string>>): Promise<void> {
  service = await storageService.start(
    {
      settings: readStorageConfig(settings),
      tenants: readTenants(settings),
      folder,
      host: '127.0.0.1',
      port: 0,
    },
    { emit: () => undefined },
    new AbortController().signal,
  );
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'peakstone-storage-'));
  await start(env);
});
after(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

const call = (what: Call): Promise<Answer> => callServer(service.address, what);

describe('a stack’s storage', () => {
  it('has the application’s bucket with versions and rules that expire no live object, and its user within it', async () => {
    assert.match((await call({ bucket: 'uploads', query: 'versioning' })).text, /<Status>Enabled</);
    const rules = (await call({ bucket: 'uploads', query: 'lifecycle' })).text;
    assert.match(rules, /<NoncurrentDays>7</);
    assert.doesNotMatch(rules, /<Expiration>/);
    assert.equal(
      (await call({ method: 'PUT', bucket: 'uploads', key: 'k', body: 'x', keys: app })).status,
      200,
    );
    assert.equal((await call({ bucket: 'uploads', key: 'k', keys: app })).text, 'x');
    assert.equal((await call({ bucket: 'uploads', query: 'list-type=2', keys: app })).status, 200);
    for (const refused of [
      { bucket: 'loki', query: 'list-type=2' },
      { method: 'PUT', bucket: 'loki', key: 'k', body: 'x' },
      { method: 'PUT', bucket: 'another' },
      { method: 'DELETE', bucket: 'uploads' },
      { method: 'PUT', bucket: 'uploads', query: 'policy', body: '{}' },
    ])
      assert.equal((await call({ ...refused, keys: app })).status, 403, JSON.stringify(refused));
  });

  it('opens to visitors what a policy of the bucket opens, and nothing else', async () => {
    const body = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::uploads/public/*',
        },
      ],
    });
    await call({ method: 'PUT', bucket: 'uploads', query: 'policy', body });
    for (const key of ['public/a', 'private/a'])
      await call({ method: 'PUT', bucket: 'uploads', key, body: key });
    assert.equal((await call({ bucket: 'uploads', key: 'public/a', keys: null })).text, 'public/a');
    for (const key of ['private/a', 'public/missing'])
      assert.equal((await call({ bucket: 'uploads', key, keys: null })).status, 403, key);
    assert.equal(
      (await call({ method: 'DELETE', bucket: 'uploads', key: 'public/a', keys: null })).status,
      403,
    );
  });

  it('takes a new secret at the next start, leaves what was changed, and knows the old one no more', async () => {
    await call({
      method: 'PUT',
      bucket: 'uploads',
      query: 'lifecycle',
      body: '<LifecycleConfiguration><Rule><ID>mine</ID><Status>Enabled</Status><Filter/><Expiration><Days>365</Days></Expiration></Rule></LifecycleConfiguration>',
    });
    await service.stop();
    await start({ ...env, S3_APP_SECRET_KEY: 'app-secret-2' });
    assert.equal((await call({ bucket: 'uploads', key: 'k', keys: app })).status, 403);
    assert.equal(
      (await call({ bucket: 'uploads', key: 'k', keys: { ...app, secretKey: 'app-secret-2' } })).text,
      'x',
    );
    assert.match((await call({ bucket: 'uploads', query: 'lifecycle' })).text, /<ID>mine</);
  });
});
