import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function bucket(name: string): Promise<string> {
  assert.equal((await server.call({ method: 'PUT', bucket: name })).status, 200);
  return name;
}

describe('objects', () => {
  for (const [title, bytes] of [
    ['empty', 0],
    ['small, in the index', 1000],
    ['just too large for the index', 32 * 1024 + 1],
    ['of several units', 3 * 1024 * 1024 + 17],
  ] as const) {
    it(`come back as they were put: ${title}`, async () => {
      const name = await bucket(`round-${bytes}`);
      const body = randomBytes(bytes);
      const put = await server.call({
        method: 'PUT',
        bucket: name,
        key: 'k',
        body,
        headers: { 'x-amz-meta-colour': 'blue' },
      });
      assert.equal(put.status, 200);
      const got = await server.call({ bucket: name, key: 'k' });
      assert.deepEqual(got.body, body);
      assert.equal(got.headers.get('etag'), put.headers.get('etag'));
      assert.equal(got.headers.get('x-amz-meta-colour'), 'blue');
      if (bytes === 0) return;
      const range = await server.call({ bucket: name, key: 'k', headers: { range: `bytes=${bytes >> 1}-` } });
      assert.equal(range.status, 206);
      assert.deepEqual(range.body, body.subarray(bytes >> 1));
    });
  }

  it('are there after a restart', async () => {
    const name = await bucket('lasting');
    const body = randomBytes(200_000);
    await server.call({ method: 'PUT', bucket: name, key: 'large', body });
    await server.call({ method: 'PUT', bucket: name, key: 'small', body: 'x' });
    await server.restart();
    assert.deepEqual((await server.call({ bucket: name, key: 'large' })).body, body);
    assert.equal((await server.call({ bucket: name, key: 'small' })).text, 'x');
  });

  it('leave no file behind when they are deleted', async () => {
    const name = await bucket('passing');
    await server.call({ method: 'PUT', bucket: name, key: 'k', body: randomBytes(100_000) });
    const before = await blobs();
    await server.call({ method: 'DELETE', bucket: name, key: 'k' });
    await server.restart();
    assert.equal((await blobs()).length, before.length - 1);
  });

  it('are not there for whoever has no keys', async () => {
    const name = await bucket('closed');
    await server.call({ method: 'PUT', bucket: name, key: 'k', body: 'x' });
    for (const call of [{ bucket: name, key: 'k' }, { bucket: name }, {}]) {
      const answer = await server.call({ ...call, keys: null });
      assert.equal(answer.status, 403);
      assert.match(answer.text, /<Code>AccessDenied<\/Code>/);
    }
  });

  it('with odd keys are each their own, come back in listings, and lie in no folder of theirs', async () => {
    const name = await bucket('odd');
    const keys = [
      'a b',
      'a+b',
      '50%',
      'x&<y',
      'a//b',
      './z',
      'u/../v',
      '/lead',
      'foo/',
      'foo',
      'é',
      '😀',
      'ctl\u0001',
      'a\rb',
      'n'.repeat(1024),
      '../../etc/passwd',
    ];
    for (const key of keys)
      assert.equal((await server.call({ method: 'PUT', bucket: name, key, body: key })).status, 200, key);
    for (const key of keys) assert.equal((await server.call({ bucket: name, key })).text, key);
    const listed = await server.call({ bucket: name, query: 'list-type=2&encoding-type=url' });
    const found = [...listed.text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => decodeURIComponent(key!));
    for (const key of keys) assert.ok(found.includes(key), key);
    assert.deepEqual(
      found,
      found.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    assert.deepEqual((await readdir(server.folder)).sort(), ['blobs', 'format.json', 'index', 'lock']);
    assert.equal(
      (await server.call({ method: 'PUT', bucket: name, key: 'n'.repeat(1025), body: '' })).status,
      400,
    );
  });
});

describe('listings', () => {
  it('show each group once, count it as a key, and go on after it', async () => {
    const name = await bucket('groups');
    for (const key of ['a', 'd1/f', 'd1/g', 'd2/f', 'd3/f', 'd4/f', 'z'])
      await server.call({ method: 'PUT', bucket: name, key, body: '' });
    const seen: string[] = [];
    for (let token = '', more = true; more; ) {
      const page = await server.call({
        bucket: name,
        query: `list-type=2&delimiter=/&max-keys=2${token && `&continuation-token=${encodeURIComponent(token)}`}`,
      });
      seen.push(
        ...[...page.text.matchAll(/<(?:Key|CommonPrefixes><Prefix)>(.*?)<\//g)].map(([, each]) => each!),
      );
      token = /<NextContinuationToken>(.*?)</.exec(page.text)?.[1] ?? '';
      more = token !== '';
    }
    assert.deepEqual(seen.sort(), ['a', 'd1/', 'd2/', 'd3/', 'd4/', 'z']);
  });
});

async function blobs(): Promise<string[]> {
  const all = await readdir(path.join(server.folder, 'blobs'), { recursive: true, withFileTypes: true });
  return all.filter(each => each.isFile()).map(each => each.name);
}
