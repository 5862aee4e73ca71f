/** What others got wrong, each as what a client would see. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Answer, startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({ PEAKSTONE_STORAGE_DAY_MS: '500' });
});
after(() => server.stop());

let made = 0;
async function newBucket(versioned = false): Promise<string> {
  const bucket = `trap-${++made}`;
  assert.equal((await server.call({ method: 'PUT', bucket })).status, 200);
  if (versioned) await setVersioning(bucket, 'Enabled');
  return bucket;
}

async function setVersioning(bucket: string, status: string): Promise<void> {
  const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
  assert.equal((await server.call({ method: 'PUT', bucket, query: 'versioning', body })).status, 200);
}

const put = (
  bucket: string,
  key: string,
  body = key,
  headers: Record<string, string> = {},
): Promise<Answer> => server.call({ method: 'PUT', bucket, key, body, headers });
const codeOf = (answer: Answer): string | undefined => /<Code>(\w+)<\/Code>/.exec(answer.text)?.[1];
const keysOf = (answer: Answer): string[] =>
  [...answer.text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key!);

describe('keys', () => {
  it('are told with their control characters, which XML has no place for', async () => {
    const bucket = await newBucket();
    await put(bucket, 'ctl\u0001');
    await put(bucket, 'a\rb');
    const { text } = await server.call({ bucket, query: 'list-type=2' });
    assert.match(text, /<Key>ctl&#x1;<\/Key>/);
    assert.match(text, /<Key>a&#xd;b<\/Key>/);
  });

  it('and the folders that they look like have nothing to do with one another', async () => {
    const bucket = await newBucket();
    for (const key of ['d/', 'd/x', 'd']) await put(bucket, key);
    assert.equal((await server.call({ method: 'DELETE', bucket, key: 'd/' })).status, 204);
    assert.deepEqual(keysOf(await server.call({ bucket })), ['d', 'd/x']);
    assert.equal((await server.call({ method: 'HEAD', bucket, key: 'd/' })).status, 404);
  });
});

describe('listings', () => {
  it('page through a prefix that is the beginning of other names', async () => {
    const bucket = await newBucket();
    for (const key of ['data/a/1', 'data/a/2', 'data/ab/3']) await put(bucket, key);
    const seen: string[] = [];
    for (let token = ''; ; ) {
      const page = await server.call({
        bucket,
        query: `list-type=2&prefix=data/a&max-keys=1${token && `&continuation-token=${encodeURIComponent(token)}`}`,
      });
      seen.push(...keysOf(page));
      token = /<NextContinuationToken>(.*?)</.exec(page.text)?.[1] ?? '';
      if (token === '') break;
    }
    assert.deepEqual(seen, ['data/a/1', 'data/a/2', 'data/ab/3']);
  });

  it('show neither a deleted object nor the group that it was alone in, while its versions are there', async () => {
    const bucket = await newBucket(true);
    await put(bucket, 'p/only');
    await server.call({ method: 'DELETE', bucket, key: 'p/only' });
    const plain = await server.call({ bucket, query: 'list-type=2&delimiter=/' });
    assert.match(plain.text, /<KeyCount>0<\/KeyCount>/);
    const versions = await server.call({ bucket, query: 'versions' });
    assert.equal(versions.text.match(/<IsLatest>true/g)?.length, 1);
    assert.match(versions.text, /<DeleteMarker>/);
  });

  it('of a bucket begin where no key can be, too, without failing', async () => {
    const bucket = await newBucket();
    await put(bucket, 'k');
    const long = 'x'.repeat(6000);
    for (const query of [
      `list-type=2&prefix=${long}`,
      `list-type=2&start-after=${long}`,
      `marker=${long}`,
      `versions&key-marker=${long}&version-id-marker=null`,
      `uploads&key-marker=${long}&upload-id-marker=${long}`,
    ])
      assert.equal((await server.call({ bucket, query })).status, 200, query.slice(0, 40));
  });
});

describe('versions', () => {
  it('come back when their marker is deleted, and a marker says what it is', async () => {
    const bucket = await newBucket(true);
    await put(bucket, 'k', 'first');
    const marker = await server.call({ method: 'DELETE', bucket, key: 'k' });
    const versionId = marker.headers.get('x-amz-version-id')!;
    assert.equal(marker.headers.get('x-amz-delete-marker'), 'true');
    const gone = await server.call({ bucket, key: 'k' });
    assert.deepEqual([gone.status, gone.headers.get('x-amz-delete-marker')], [404, 'true']);
    const refused = await server.call({ bucket, key: 'k', query: `versionId=${versionId}` });
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'DELETE']);
    await server.call({ method: 'DELETE', bucket, key: 'k', query: `versionId=${versionId}` });
    assert.equal((await server.call({ bucket, key: 'k' })).text, 'first');
  });

  it('that are suspended have one null version, which a later write replaces', async () => {
    const bucket = await newBucket(true);
    await put(bucket, 'k', 'versioned');
    await setVersioning(bucket, 'Suspended');
    await put(bucket, 'k', 'null one');
    await put(bucket, 'k', 'null two');
    assert.equal((await server.call({ bucket, key: 'k' })).text, 'null two');
    const { text } = await server.call({ bucket, query: 'versions' });
    assert.equal(text.match(/<Version>/g)?.length, 2);
    assert.equal((await server.call({ bucket, key: 'k', query: 'versionId=null' })).text, 'null two');
  });

  it('that are locked go by no path, and a marker hides them all the same', async () => {
    const bucket = `trap-${++made}`;
    await server.call({ method: 'PUT', bucket, headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const { headers } = await put(bucket, 'k', 'x', {
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': until,
    });
    const query = `versionId=${headers.get('x-amz-version-id')}`;
    const bypass = { 'x-amz-bypass-governance-retention': 'true' };
    assert.equal((await server.call({ method: 'DELETE', bucket, key: 'k' })).status, 204);
    assert.equal(
      (await server.call({ method: 'DELETE', bucket, key: 'k', query, headers: bypass })).status,
      403,
    );
    const forced = await server.call({
      method: 'DELETE',
      bucket,
      headers: { 'x-minio-force-delete': 'true' },
    });
    assert.equal(forced.status, 403);
    assert.equal((await server.call({ bucket, key: 'k', query })).text, 'x');
  });
});

describe('writes', () => {
  it('that must be the first are: one of 32 at a time', async () => {
    const bucket = await newBucket();
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, i) => put(bucket, 'k', String(i), { 'if-none-match': '*' })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 412).length, 31);
    assert.equal((await put(bucket, 'missing', 'x', { 'if-match': '*' })).status, 404);
  });

  it('onto themselves replace metadata wholly, and are refused when they would change nothing', async () => {
    const bucket = await newBucket();
    await put(bucket, 'k', 'body', { 'x-amz-meta-a': '1' });
    const source = { 'x-amz-copy-source': `/${bucket}/k` };
    assert.equal(
      codeOf(await server.call({ method: 'PUT', bucket, key: 'k', headers: source })),
      'InvalidRequest',
    );
    const headers = { ...source, 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2' };
    assert.equal((await server.call({ method: 'PUT', bucket, key: 'k', headers })).status, 200);
    const got = await server.call({ bucket, key: 'k' });
    assert.deepEqual(
      [got.text, got.headers.get('x-amz-meta-a'), got.headers.get('x-amz-meta-b')],
      ['body', null, '2'],
    );
  });

  it('are not stored when their digest is another', async () => {
    const bucket = await newBucket();
    const wrong = { 'content-md5': Buffer.alloc(16).toString('base64') };
    assert.equal(codeOf(await put(bucket, 'k', 'x', wrong)), 'BadDigest');
    assert.equal(codeOf(await put(bucket, 'k', 'x', { 'x-amz-checksum-crc32': 'AAAAAA==' })), 'BadDigest');
    assert.equal((await server.call({ bucket, key: 'k' })).status, 404);
  });
});

describe('uploads in parts', () => {
  const partBytes = 5 * 1024 * 1024;

  async function begin(bucket: string): Promise<string> {
    const { text } = await server.call({ method: 'POST', bucket, key: 'k', query: 'uploads' });
    return /<UploadId>(.*?)</.exec(text)![1]!;
  }
  const part = async (bucket: string, id: string, number: number, body: Buffer): Promise<string> => {
    const query = `partNumber=${number}&uploadId=${id}`;
    return (await server.call({ method: 'PUT', bucket, key: 'k', query, body })).headers.get('etag')!;
  };
  const complete = (
    bucket: string,
    id: string,
    parts: readonly (readonly [number, string])[],
  ): Promise<Answer> =>
    server.call({
      method: 'POST',
      bucket,
      key: 'k',
      query: `uploadId=${id}`,
      body: `<CompleteMultipartUpload>${parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`).join('')}</CompleteMultipartUpload>`,
    });

  it('end with the part that was sent last, in order, large enough, and are told again to who lost the answer', async () => {
    const bucket = await newBucket();
    const id = await begin(bucket);
    const old = await part(bucket, id, 1, Buffer.alloc(partBytes, 1));
    const first = await part(bucket, id, 1, Buffer.alloc(partBytes, 2));
    const second = await part(bucket, id, 2, Buffer.from('end'));
    assert.equal(codeOf(await complete(bucket, id, [])), 'MalformedXML');
    assert.equal(
      codeOf(
        await complete(bucket, id, [
          [1, old],
          [2, second],
        ]),
      ),
      'InvalidPart',
    );
    assert.equal(
      codeOf(
        await complete(bucket, id, [
          [2, second],
          [1, first],
        ]),
      ),
      'InvalidPartOrder',
    );
    const done = await complete(bucket, id, [
      [1, first],
      [2, second],
    ]);
    assert.equal(done.status, 200);
    const again = await complete(bucket, id, [
      [1, first],
      [2, second],
    ]);
    assert.equal(/<ETag>(.*?)</.exec(again.text)?.[1], /<ETag>(.*?)</.exec(done.text)?.[1]);
    const range = await server.call({
      bucket,
      key: 'k',
      headers: { range: `bytes=${partBytes - 1}-${partBytes}` },
    });
    assert.deepEqual([...range.body], [2, 'e'.charCodeAt(0)]);
  });

  it('are refused whole when a part in the middle is too small', async () => {
    const bucket = await newBucket();
    const id = await begin(bucket);
    const etags = [await part(bucket, id, 1, Buffer.from('a')), await part(bucket, id, 2, Buffer.from('b'))];
    assert.equal(
      codeOf(
        await complete(bucket, id, [
          [1, etags[0]!],
          [2, etags[1]!],
        ]),
      ),
      'EntityTooSmall',
    );
    assert.equal((await server.call({ bucket, key: 'k' })).status, 404);
  });
});

describe('ranges', () => {
  it('are those of RFC 9110, and what is none of one is the whole', async () => {
    const bucket = await newBucket();
    await put(bucket, 'k', '0123456789');
    const get = (range: string): Promise<Answer> => server.call({ bucket, key: 'k', headers: { range } });
    assert.deepEqual([(await get('bytes=5-15')).status, (await get('bytes=5-15')).text], [206, '56789']);
    for (const none of ['bytes=10-', 'bytes=-0']) {
      const refused = await get(none);
      assert.deepEqual([refused.status, refused.headers.get('content-range')], [416, 'bytes */10']);
    }
    for (const whole of ['junk', 'bytes=3-1', 'bytes=0-1,4-5'])
      assert.equal((await get(whole)).status, 200, whole);
  });
});

describe('reads', () => {
  it('go on to the end of what they began with, though it be replaced or deleted', async () => {
    const bucket = await newBucket();
    const body = randomBytes(8 * 1024 * 1024);
    await server.call({ method: 'PUT', bucket, key: 'k', body });
    const read = server.call({ bucket, key: 'k' });
    await Promise.all([put(bucket, 'k', 'other'), server.call({ method: 'DELETE', bucket, key: 'k' })]);
    const answer = await read;
    // Whichever came first: one version, whole.
    if (answer.status === 200) assert.ok(answer.body.equals(body) || answer.text === 'other');
    else assert.equal(answer.status, 404);
  });
});

describe('lifecycle rules', () => {
  it('take what has a tag and leave the rest', async () => {
    const bucket = await newBucket();
    await put(bucket, 'old', 'x', { 'x-amz-tagging': 'keep=no' });
    await put(bucket, 'new', 'x', { 'x-amz-tagging': 'keep=yes' });
    const body =
      '<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Tag><Key>keep</Key><Value>no</Value></Tag></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>';
    assert.equal((await server.call({ method: 'PUT', bucket, query: 'lifecycle', body })).status, 200);
    while ((await server.call({ bucket, key: 'old' })).status === 200)
      await new Promise(resolve => setImmediate(resolve));
    assert.equal((await server.call({ bucket, key: 'new' })).status, 200);
  });
});
