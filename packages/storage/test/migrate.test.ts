/** Migrations: from a drive of MinIO's (recorded, and live where minio is installed), and from server to server. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { reservePorts } from '@peakstone/testing';
import { Connection, listVersions, makeBucket, setVersioning, uploadStream } from '../src/client/index.ts';
import { putObject } from '../src/client/objects.ts';
import { type MigrationReport, migrate, openDrive, s3Source } from '../src/migrate/index.ts';
import type { Source } from '../src/migrate/source.ts';
import { rootKeys, startTestServer, type TestServer } from './support/server.ts';

const drive = fileURLToPath(new URL('fixtures/minioDrive', import.meta.url));
const part = 'versions/k/47b57da6-fca0-4100-82a2-7ddc40f559ce/part.1';

interface Told {
  readonly notes: string[];
  readonly failures: string[];
  readonly report: MigrationReport;
}

async function bring(source: Source, to: Connection, signal = new AbortController().signal): Promise<Told> {
  const [notes, failures]: [string[], string[]] = [[], []];
  const events = {
    onFound: () => undefined,
    onMoved: () => undefined,
    onNote: (text: string) => notes.push(text),
    onFailure: (what: string, error: Error) => failures.push(`${what}: ${error.message}`),
  };
  const report = await migrate(source, to, false, events, signal);
  return { notes, failures, report };
}
const noFailure = (what: string, error: Error): void => assert.fail(`${what}: ${error.message}`);
const rootOf = (server: TestServer): Connection => new Connection({ origin: server.url, ...rootKeys });

async function versionsOf(connection: Connection, bucket: string) {
  const found: unknown[] = [];
  for await (const { isLatest: _, ...each } of listVersions(connection, { bucket, key: '' }))
    found.push(each);
  return found;
}

describe('the folder of a stopped MinIO', () => {
  let server: TestServer;
  let to: Connection;
  before(async () => {
    server = await startTestServer();
    to = rootOf(server);
  });
  after(async () => {
    to.close();
    await server.stop();
  });

  it('is brought whole: versions, markers, metadata, tags, settings, users and their keys', async () => {
    const { notes, failures, report } = await bring(await openDrive(drive, [], noFailure), to);
    assert.deepEqual([notes, failures], [[], []]);
    assert.deepEqual(report, {
      buckets: 2,
      copied: 10,
      present: 0,
      bytes: 20_516,
      failed: 0,
      policies: 1,
      users: 1,
      groups: 1,
      keys: 1,
    });
    const listed = await server.call({ bucket: 'plain', query: 'list-type=2' });
    assert.deepEqual(
      [...listed.text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key),
      ['a', 'a-b', 'a/b c+d', 'a/f1', 'folder/', 'notes.txt'],
    );
    const notesFile = await server.call({ bucket: 'plain', key: 'notes.txt' });
    assert.equal(notesFile.text, 'first');
    assert.equal(notesFile.headers.get('x-amz-meta-colour'), 'red');
    assert.equal(notesFile.headers.get('cache-control'), 'no-store');
    assert.equal(notesFile.headers.get('x-amz-tagging-count'), '1');
    assert.equal(notesFile.headers.get('last-modified'), 'Sat, 28 Nov 2026 05:35:14 GMT');
    const versions = (await versionsOf(to, 'versions')) as {
      key: string;
      versionId: string;
      isMarker: boolean;
    }[];
    assert.deepEqual(
      versions.map(({ key, isMarker }) => [key, isMarker]),
      [
        ['k', true],
        ['k', false],
        ['k', false],
        ['other', false],
      ],
    );
    assert.match(versions[1]!.versionId, /^[0-9a-f]{8}-/);
    const old = await server.call({
      bucket: 'versions',
      key: 'k',
      query: `versionId=${versions[2]!.versionId}`,
    });
    assert.equal(old.text, 'first');
    // A visitor may what the bucket's policy said, a user what its own did, and its key no more.
    assert.equal((await server.call({ bucket: 'plain', key: 'a', keys: null })).status, 200);
    const alice = { accessKey: 'alice', secretKey: 'alice-secret' };
    assert.equal((await server.call({ bucket: 'plain', key: 'a', keys: alice })).status, 200);
    assert.equal((await server.call({ bucket: 'versions', key: 'other', keys: alice })).status, 403);
    const key = { accessKey: 'ALICEKEY', secretKey: 'alice-key-secret' };
    assert.equal((await server.call({ bucket: 'plain', key: 'a', keys: key })).status, 200);
    const rules = await server.call({ bucket: 'versions', query: 'lifecycle' });
    assert.match(rules.text, /<NoncurrentDays>7<\/NoncurrentDays>/);
  });

  it('brought again, is all there already, and versions stay after a delete of one by its old name', async () => {
    const again = await bring(await openDrive(drive, [], noFailure), to);
    assert.deepEqual([again.report.copied, again.report.present], [0, 10]);
    const [marker] = (await versionsOf(to, 'versions')) as { versionId: string }[];
    const query = `versionId=${marker!.versionId}`;
    assert.equal((await server.call({ method: 'DELETE', bucket: 'versions', key: 'k', query })).status, 204);
    assert.equal((await server.call({ bucket: 'versions', key: 'k' })).body.length, 20_480);
  });

  it('that is damaged has that told, and all else is brought', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-drive-'));
    const other = await startTestServer();
    const target = rootOf(other);
    try {
      await cp(drive, folder, { recursive: true });
      const bytes = await readFile(path.join(folder, part));
      bytes[5000]! ^= 1;
      await writeFile(path.join(folder, part), bytes);
      await writeFile(path.join(folder, 'plain', 'a-b', 'xl.meta'), 'XL2 nonsense');
      const unreadable: string[] = [];
      const source = await openDrive(folder, [], what => unreadable.push(what));
      const { failures, report } = await bring(source, target);
      assert.match(failures.join('\n'), /versions\/k: versions\/k is damaged on the drive/);
      assert.deepEqual([...new Set(unreadable)], ['plain/a-b']);
      assert.deepEqual([report.copied, report.failed], [7, 2]);
      assert.equal((await other.call({ bucket: 'versions', key: 'k' })).text, 'first');
    } finally {
      target.close();
      await other.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is refused where it is none, or one of several drives', async () => {
    await assert.rejects(openDrive(tmpdir(), [], noFailure), /holds no MinIO’s data/);
  });
});

describe('from server to server', () => {
  it('goes on where it was ended, and ends with what one run would have', async () => {
    const [a, b] = [await startTestServer(), await startTestServer()];
    const [from, to] = [rootOf(a), rootOf(b)];
    try {
      await makeBucket(from, 'photos');
      await setVersioning(from, 'photos', 'Enabled');
      for (let i = 0; i < 40; i++)
        for (let version = 0; version < 3; version++)
          await putObject(from, { bucket: 'photos', key: `k ${i % 10}/${i}+` }, randomBytes(500), {
            'x-amz-meta-n': `${version}`,
          });
      await uploadStream(from, large(), { bucket: 'photos', key: 'large' }, {});
      const abort = new AbortController();
      let moved = 0;
      const events = {
        onFound: () => undefined,
        onMoved: () => {
          if (++moved === 50) abort.abort();
        },
        onNote: () => undefined,
        onFailure: noFailure,
      };
      await assert.rejects(migrate(s3Source(from, []), to, false, events, abort.signal), {
        name: 'AbortError',
      });
      const { report, failures } = await bring(s3Source(from, ['photos']), to);
      assert.deepEqual(failures, []);
      assert.ok(report.present >= 50 && report.copied > 0, JSON.stringify(report));
      assert.equal(report.present + report.copied, 121);
      assert.deepEqual(await versionsOf(to, 'photos'), await versionsOf(from, 'photos'));
    } finally {
      from.close();
      to.close();
      await Promise.all([a.stop(), b.stop()]);
    }
  });

  it('who may not replicate says nothing of what an object was elsewhere', async () => {
    const server = await startTestServer();
    try {
      await server.call({ method: 'PUT', bucket: 'open' });
      const body = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::open/*"]}]}`;
      await server.call({ method: 'PUT', bucket: 'open', query: 'policy', body });
      const put = (headers: Record<string, string>) =>
        server.call({ method: 'PUT', bucket: 'open', key: 'a', body: 'x', keys: null, headers });
      assert.equal((await put({})).status, 200);
      assert.equal((await put({ 'x-minio-source-mtime': '2020-01-01T00:00:00Z' })).status, 403);
      // Nor does who adds it to what an administrator has signed.
      const added = await server.call({
        method: 'PUT',
        bucket: 'open',
        key: 'a',
        body: 'x',
        unsigned: { 'x-minio-source-version-id': 'of-another' },
      });
      assert.equal(added.status, 403);
    } finally {
      await server.stop();
    }
  });
});

async function* large(): AsyncGenerator<Buffer> {
  for (let i = 0; i < 40; i++) yield Buffer.alloc(1024 * 1024, i);
}

describe('MinIO itself', () => {
  const isThere = hasMinio();
  it('is left for good: running, then stopped', {
    skip: !isThere && 'there is no minio on the PATH',
  }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-minio-'));
    const keys = { accessKey: 'minioroot', secretKey: 'minioroot-secret' };
    const port = await reservePorts(2);
    const start = async (): Promise<{ child: ChildProcess; from: Connection }> => {
      const address = ['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${port + 1}`];
      const child = spawn('minio', ['server', '--quiet', ...address, folder], {
        env: { ...process.env, MINIO_ROOT_USER: keys.accessKey, MINIO_ROOT_PASSWORD: keys.secretKey },
        stdio: 'ignore',
      });
      const origin = `http://127.0.0.1:${port}`;
      for (;;) {
        const ready = await fetch(`${origin}/minio/health/cluster`).catch(() => undefined);
        if (ready?.ok) break;
        await sleep(100);
      }
      return { child, from: new Connection({ origin, ...keys }) };
    };
    const { child, from } = await start();
    const [online, offline] = [await startTestServer(), await startTestServer()];
    const [a, b] = [rootOf(online), rootOf(offline)];
    try {
      await makeBucket(from, 'mixed');
      await putObject(from, { bucket: 'mixed', key: 'before' }, Buffer.from('null version'));
      await setVersioning(from, 'mixed', 'Enabled');
      for (const key of ['before', 'deep/er/ü😀 +%', 'deep/other', 'folder/'])
        await putObject(
          from,
          { bucket: 'mixed', key },
          key === 'folder/' ? Buffer.alloc(0) : randomBytes(200_000),
          {
            'x-amz-tagging': 'a=1&b=x%20y',
          },
        );
      await uploadStream(from, large(), { bucket: 'mixed', key: 'parts' }, {});
      await makeBucket(from, 'locked', true);
      await putObject(from, { bucket: 'locked', key: 'kept' }, Buffer.from('kept'), {
        'x-amz-object-lock-mode': 'GOVERNANCE',
        'x-amz-object-lock-retain-until-date': new Date(Date.now() + 86_400_000).toISOString(),
        'x-amz-object-lock-legal-hold': 'ON',
      });
      const live = await bring(s3Source(from, []), a);
      assert.deepEqual([live.notes, live.failures], [[], []]);
      for (const bucket of ['mixed', 'locked'])
        assert.deepEqual(await versionsOf(a, bucket), await versionsOf(from, bucket));
      child.kill('SIGTERM');
      await once(child, 'close');
      const stopped = await bring(await openDrive(folder, [], noFailure), b);
      assert.deepEqual([stopped.notes, stopped.failures], [[], []]);
      for (const bucket of ['mixed', 'locked'])
        assert.deepEqual(await versionsOf(b, bucket), await versionsOf(a, bucket));
      const kept = await offline.call({ method: 'HEAD', bucket: 'locked', key: 'kept' });
      assert.equal(kept.headers.get('x-amz-object-lock-legal-hold'), 'ON');
      const get = (server: TestServer) => server.call({ bucket: 'mixed', key: 'deep/er/ü😀 +%' });
      assert.deepEqual((await get(offline)).body, (await get(online)).body);
    } finally {
      child.kill('SIGKILL');
      for (const connection of [from, a, b]) connection.close();
      await Promise.all([online.stop(), offline.stop()]);
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function hasMinio(): boolean {
  try {
    return /minio/i.test(execFileSync('minio', ['--version'], { encoding: 'utf8', stdio: 'pipe' }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}
