import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { it } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { fuzz } from './run.ts';

it('whatever a client sends is answered in S3’s words, and nothing is left outside of the folder’s own files', async () => {
  const server = await startTestServer({ MINIO_KMS_SECRET_KEY: `k:${Buffer.alloc(32).toString('base64')}` });
  try {
    await server.call({ method: 'PUT', bucket: 'fuzz' });
    await server.call({
      method: 'PUT',
      bucket: 'fuzz-locked',
      headers: { 'x-amz-bucket-object-lock-enabled': 'true' },
    });
    const { failures, statuses } = await fuzz(server.service, 6000, 20_261_128);
    assert.deepEqual(failures, []);
    assert.ok(statuses.has(200) && statuses.has(400) && statuses.has(403) && statuses.has(404));
    assert.deepEqual(
      server.events.filter(({ kind }) => kind === 'failed'),
      [],
    );
    assert.deepEqual((await readdir(server.folder)).sort(), ['blobs', 'format.json', 'index', 'lock']);
  } finally {
    await server.stop();
  }
});
