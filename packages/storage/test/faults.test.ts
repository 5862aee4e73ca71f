import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { verifyFolder } from '../src/verify.ts';
import { startTestServer, type TestServer } from './support/server.ts';

describe('a damaged disk', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await server.call({ method: 'PUT', bucket: 'bucket' });
  });
  after(() => server.stop());

  it('never has its bytes served as if they were the object’s, and the scrub finds them', async () => {
    const body = randomBytes(400_000);
    await server.call({ method: 'PUT', bucket: 'bucket', key: 'k', body });
    const [file] = files(server.folder);
    const bytes = readFileSync(file!);
    bytes[200_000]! ^= 1;
    writeFileSync(file!, bytes);
    await assert.rejects(server.call({ bucket: 'bucket', key: 'k' }), 'a broken answer, not a short one');
    const start = await server.call({ bucket: 'bucket', key: 'k', headers: { range: 'bytes=0-9' } });
    assert.deepEqual(start.body, body.subarray(0, 10), 'what is whole is served');
    assert.ok(server.events.some(({ kind }) => kind === 'failed' || kind === 'corruption'));
    await server.service.stop();
    const { problems } = await verifyFolder(server.folder, () => undefined);
    assert.deepEqual(
      problems.map(({ kind, what }) => [kind, what]),
      [['damagedBody', 'bucket/k']],
    );
    await server.restart();
  });

  it('has small bodies and rows of the index found out likewise', async () => {
    const body = Buffer.from(`inline ${'x'.repeat(500)} body`);
    await server.call({ method: 'PUT', bucket: 'bucket', key: 'small', body });
    await server.service.stop();
    const file = path.join(server.folder, 'index', 'data.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf(body); at >= 0; at = bytes.indexOf(body, at + 1)) bytes[at + 100]! ^= 1;
    writeFileSync(file, bytes);
    const { problems } = await verifyFolder(server.folder, () => undefined);
    assert.ok(problems.some(({ kind, what }) => kind === 'damagedBody' && what === 'bucket/small'));
    await server.restart();
    const answer = await server.call({ bucket: 'bucket', key: 'small' });
    assert.equal(answer.status, 500);
    assert.ok(server.events.some(({ kind }) => kind === 'corruption'));
  });

  it('that leaves a file nobody knows has it told, not removed', async () => {
    const stranger = path.join(server.folder, 'blobs', '00', 'f'.repeat(30));
    writeFileSync(stranger, 'x');
    await server.service.stop();
    const { problems } = await verifyFolder(server.folder, () => undefined);
    assert.ok(problems.some(({ kind }) => kind === 'orphan'));
    assert.equal(readFileSync(stranger, 'utf8'), 'x');
    await server.restart();
  });
});

describe('a disk that refuses', () => {
  for (const method of ['writev', 'datasync', 'sync'] as const) {
    it(`${method} has the upload refused, what was there served, and nothing left behind`, async () => {
      const server = await startTestServer();
      try {
        await server.call({ method: 'PUT', bucket: 'bucket' });
        const before = randomBytes(100_000);
        assert.equal(
          (await server.call({ method: 'PUT', bucket: 'bucket', key: 'k', body: before })).status,
          200,
        );
        const probe = await open(server.folder, 'r');
        const handles = Object.getPrototypeOf(probe) as Record<typeof method, () => Promise<unknown>>;
        await probe.close();
        const broken = mock.method(handles, method, async () => {
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        });
        const refused = await server.call({
          method: 'PUT',
          bucket: 'bucket',
          key: 'k',
          body: randomBytes(100_000),
        });
        broken.mock.restore();
        assert.equal(refused.status, 507);
        assert.match(refused.text, /XMinioStorageFull/);
        assert.deepEqual((await server.call({ bucket: 'bucket', key: 'k' })).body, before);
        assert.equal(files(server.folder).length, 1);
        assert.equal(
          (await server.call({ method: 'PUT', bucket: 'bucket', key: 'k', body: 'again' })).status,
          200,
        );
      } finally {
        await server.stop();
      }
    });
  }
});

describe('a full disk', () => {
  it('refuses what it has no room for, keeps the rest, and goes on when there is room', async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-full-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]).status === 0;
    if (!mounted) {
      rmSync(folder, { recursive: true });
      return t.skip('this user may not mount a small disk');
    }
    const server = await startTestServer({}, path.join(folder, 'data'));
    try {
      await server.call({ method: 'PUT', bucket: 'bucket' });
      const kept: string[] = [];
      let refused = 0;
      for (let i = 0; i < 400 && refused < 3; i++) {
        const body = Buffer.alloc(i % 2 === 0 ? 300_000 : 20_000, i);
        const { status } = await server.call({ method: 'PUT', bucket: 'bucket', key: `k${i}`, body });
        if (status === 200) kept.push(`k${i}`);
        else {
          assert.equal(status, 507);
          refused++;
        }
      }
      assert.ok(refused > 0 && kept.length > 10);
      for (const key of kept) assert.equal((await server.call({ bucket: 'bucket', key })).status, 200, key);
      writeFileSync(path.join(folder, 'nothing'), '');
      for (const key of kept.splice(0, 20)) await server.call({ method: 'DELETE', bucket: 'bucket', key });
      await server.restart();
      assert.equal(
        (await server.call({ method: 'PUT', bucket: 'bucket', key: 'room', body: Buffer.alloc(300_000) }))
          .status,
        200,
      );
      for (const key of kept) assert.equal((await server.call({ bucket: 'bucket', key })).status, 200, key);
    } finally {
      await server.stop();
      spawnSync('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function files(folder: string): string[] {
  return readdirSync(path.join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter(each => each.isFile())
    .map(each => path.join(each.parentPath, each.name));
}
